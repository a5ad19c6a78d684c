/** `assess.versions`: is there a supported way from one version to another, and which is the best. Changes nothing. */
import { z } from 'zod'
import {
  bestPath,
  minutesOf,
  nearestPaths,
  parseRange,
  parseVersion,
  type Upgrade,
  type UpgradePath,
  type VersionPolicy,
} from '../../assess/index.ts'
import { block, type Finding, note, risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'

const version = z
  .string()
  .refine((text) => parseVersion(text) !== undefined, { error: 'not a version such as "3.3.0" or "v4"' })
const range = z.string().refine((text) => parseRange(text) !== undefined, {
  error: 'not a range of versions such as "3.2.x", "^3.1" or "<3.2"',
})
const time = z
  .union([z.number(), z.string()])
  .refine((amount) => minutesOf(amount) !== undefined, { error: 'not a time such as "2-4 hours"' })
const complexity = z.enum(['low', 'medium', 'high'])

const spec = z.strictObject({
  from: version,
  to: version,
  paths: z.array(
    z.strictObject({
      from: range,
      to: version,
      complexity: complexity.default('low'),
      downtime: time.default(0),
      via: z.union([version, z.array(version)]).default([]),
    }),
  ),
  policy: z
    .strictObject({
      major: z.enum(['listed', 'next', 'any']).default('listed'),
      minor: z.enum(['listed', 'next', 'any']).default('listed'),
      patch: z.enum(['listed', 'any']).default('any'),
      downgrade: z.enum(['refuse', 'allow']).default('refuse'),
      /** More than this blocks. */
      maxDowntime: time.optional(),
      maxComplexity: complexity.optional(),
    })
    .prefault({}),
})
type Spec = z.infer<typeof spec>

type Work = { readonly path: Json }

export const assessVersions = defineKind({
  name: 'assess.versions',
  summary:
    'Finds the best supported way from one version to another, direct or staged, and refuses where there is none.',
  roles: {},
  spec,
  example: {
    from: '3.3.0',
    to: '4.0.0',
    paths: [
      { from: '3.3.x', to: '4.0.0', complexity: 'low', downtime: '1-2 hours' },
      { from: '3.1.x or earlier', to: '4.0.0', via: '3.3.0', complexity: 'high', downtime: '4-8 hours' },
    ],
  },

  plan(given: Spec) {
    const upgrades = given.paths.map(upgradeOf)
    const path = bestPath(given.from, given.to, upgrades, given.policy)
    return {
      work: { path: path === undefined ? null : figures(path) } satisfies Work,
      predicted: {},
      preview:
        path === undefined
          ? [`no supported way from ${given.from} to ${given.to}`]
          : [`${path.stops.join(' → ')}: ${described(path)}`],
      undo: 'exact',
      findings: path === undefined ? [unsupported(given, upgrades, given.policy)] : judged(path, given),
    }
  },

  async *apply(work) {
    yield { at: work.path }
  },

  async *rollback() {},
})

function upgradeOf(each: Spec['paths'][number]): Upgrade {
  return {
    from: each.from,
    to: each.to,
    complexity: each.complexity,
    downtime: minutesOf(each.downtime)!,
    via: typeof each.via === 'string' ? [each.via] : each.via,
  }
}

function figures(path: UpgradePath): Json {
  return {
    stops: [...path.stops],
    direct: path.direct,
    complexity: path.complexity,
    downtimeMinutes: { ...path.downtime },
    legs: path.legs.map((each) => ({ ...each, downtime: { ...each.downtime } })),
  }
}

function described(path: UpgradePath): string {
  const { least, most } = path.downtime
  const span = least === most ? `${most} minutes` : `${least} to ${most} minutes`
  return `${path.direct ? 'direct' : 'staged'}, complexity ${path.complexity}, downtime ${most === 0 ? 'none' : span} by the book`
}

function judged(path: UpgradePath, given: Spec): readonly Finding[] {
  const { maxDowntime, maxComplexity } = given.policy
  const words = `${path.stops.join(' → ')} is ${described(path)}`
  const found: Finding[] = [note('assess.path', words, 'nothing to do', figures(path))]
  const limit = maxDowntime === undefined ? undefined : minutesOf(maxDowntime)!.most
  if (limit !== undefined && path.downtime.most > limit)
    found.push(
      block(
        'assess.downtime',
        `the best way may take ${path.downtime.most} minutes down, and the policy allows ${limit}`,
        'raise "maxDowntime", or list a better way',
      ),
    )
  const ranks = complexity.options
  if (maxComplexity !== undefined && ranks.indexOf(path.complexity) > ranks.indexOf(maxComplexity)) {
    found.push(
      block(
        'assess.complexity',
        `the best way is of complexity "${path.complexity}", and the policy allows "${maxComplexity}"`,
        'raise "maxComplexity", or list a better way',
      ),
    )
  } else if (path.complexity === 'high')
    found.push(risk('assess.complexity', `${words}`, 'rehearse it against a copy first'))
  return found
}

/** Says how near one can get, and from where the goal is in reach. */
function unsupported(given: Spec, upgrades: readonly Upgrade[], policy: VersionPolicy): Finding {
  const { reachable, starts } = nearestPaths(given.from, given.to, upgrades, policy)
  const near = reachable[0]
  const onward = near === undefined ? '' : `; the nearest supported way is ${near.stops.join(' → ')}`
  const from =
    starts.length === 0
      ? `no version is known to lead to ${given.to}`
      : `${given.to} is reached from ${starts.map((each) => `"${each}"`).join(', ')}`
  return block(
    'assess.unsupported',
    `there is no supported way from ${given.from} to ${given.to}${onward}`,
    `${from}: go there first, or list the way under "paths"`,
    {
      nearest: near === undefined ? null : figures(near),
      starts: [...starts],
    },
  )
}

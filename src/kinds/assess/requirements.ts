/** `assess.requirements`: what the new version needs against what this machine has, measured. Changes nothing. */
import { z } from 'zod'
import { bitsPerSecondOf, bytesOf, inRange, parseRange, parseVersion, showBits, showBytes } from '../../assess/index.ts'
import { block, type Finding, note, risk } from '../../core/finding.ts'
import { defineKind, type Reading } from '../../core/kind.ts'

const amount = z.union([z.number(), z.string()])
const bytes = amount.refine((each) => bytesOf(each) !== undefined, { error: 'not an amount such as "16GB"' })
const bits = amount.refine((each) => bitsPerSecondOf(each) !== undefined, { error: 'not a rate such as "1Gbps"' })
const needs = z.strictObject({
  cpu: z.number().optional(),
  memory: bytes.optional(),
  storage: bytes.optional(),
  network: bits.optional(),
})
const range = z
  .string()
  .refine((text) => parseRange(text) !== undefined, { error: 'not a range of versions such as ">=20.19"' })

const spec = z.strictObject({
  /** Where the free disk is measured. */
  path: z.string().default('.'),
  minimum: needs.prefault({}),
  recommended: needs.prefault({}),
  /** On top of both, by the role that asks for it. */
  extra: z.record(z.string(), needs).default({}),
  /** Programs with the versions that do. */
  tools: z.record(z.string(), range).default({}),
  /** What falling short of the minimum is. */
  short: z.enum(['block', 'risk']).default('block'),
})
type Spec = z.infer<typeof spec>

/** Cores, bytes, bytes, bits a second; absent where nothing is asked. */
type Amounts = { readonly [resource: string]: number }
type Work = {
  readonly path: string
  readonly minimum: Amounts
  readonly recommended: Amounts
  readonly tools: { readonly [program: string]: string }
  readonly short: 'block' | 'risk'
}

const resources = ['cpu', 'memory', 'storage', 'network'] as const
const show: Readonly<Record<(typeof resources)[number], (value: number) => string>> = {
  cpu: (value) => `${value} cores`,
  memory: showBytes,
  storage: showBytes,
  network: showBits,
}

export const assessRequirements = defineKind({
  name: 'assess.requirements',
  summary:
    'Compares CPU, memory, disk, network and tool versions with what is needed, recommended and extra for a role.',
  roles: { host: 'host' },
  spec,
  example: {
    minimum: { cpu: 8, memory: '16GB', storage: '100GB', network: '1Gbps' },
    recommended: { cpu: 16, memory: '32GB' },
    extra: { federation: { cpu: 4, memory: '8GB' } },
    tools: { node: '>=20.19' },
  },

  plan(given: Spec) {
    const extra = Object.values(given.extra).map(amountsOf)
    const minimum = summed([amountsOf(given.minimum), ...extra])
    const recommended = summed([
      amountsOf(given.recommended),
      ...extra.map((each) => onlyAsked(each, given.recommended)),
    ])
    return {
      work: { path: given.path, minimum, recommended, tools: given.tools, short: given.short } satisfies Work,
      predicted: {},
      preview: [
        ...resources
          .filter((each) => minimum[each] !== undefined || recommended[each] !== undefined)
          .map((each) => `${each}: ${wanted(each, minimum, recommended)}`),
        ...Object.entries(given.tools).map(([program, versions]) => `${program}: ${versions}`),
        'measured, nothing is changed',
      ],
      undo: 'exact',
    }
  },

  async check(work, at) {
    const measured = await measure(work, at)
    const found = [
      ...resources.flatMap((each) => judge(each, measured.amounts[each] ?? null, work)),
      ...Object.entries(work.tools).flatMap(([program, versions]) =>
        judgeTool(program, versions, measured.tools[program] ?? null, work.short),
      ),
    ]
    return found.length > 0
      ? found
      : [note('assess.requirements-met', 'the host has all that is asked for', 'nothing to do', measured)]
  },

  async *apply(work, at) {
    yield { at: await measure(work, at) }
  },

  async *rollback() {},
})

function amountsOf(given: Spec['minimum']): Amounts {
  const all = {
    cpu: given.cpu,
    memory: given.memory === undefined ? undefined : bytesOf(given.memory),
    storage: given.storage === undefined ? undefined : bytesOf(given.storage),
    network: given.network === undefined ? undefined : bitsPerSecondOf(given.network),
  }
  return Object.fromEntries(Object.entries(all).filter((each): each is [string, number] => each[1] !== undefined))
}

function summed(parts: readonly Amounts[]): Amounts {
  const asked = resources.filter((each) => parts.some((part) => part[each] !== undefined))
  return Object.fromEntries(asked.map((each) => [each, parts.reduce((sum, part) => sum + (part[each] ?? 0), 0)]))
}

/** An extra counts towards a recommendation only where there is one. */
function onlyAsked(extra: Amounts, recommended: Spec['recommended']): Amounts {
  return Object.fromEntries(
    Object.entries(extra).filter(([each]) => recommended[each as keyof typeof recommended] !== undefined),
  )
}

function wanted(resource: (typeof resources)[number], minimum: Amounts, recommended: Amounts): string {
  const least = minimum[resource]
  const better = recommended[resource]
  return [
    least === undefined ? [] : `at least ${show[resource](least)}`,
    better === undefined ? [] : `better ${show[resource](better)}`,
  ]
    .flat()
    .join(', ')
}

type Measured = {
  readonly amounts: { readonly [resource: string]: number | null }
  readonly tools: { readonly [program: string]: string | null }
}

async function measure(work: Work, at: Pick<Reading<{ host: 'host' }>, 'on'>): Promise<Measured> {
  const host = await at.on.host.resources(work.path)
  const tools: { [program: string]: string | null } = {}
  for (const program of Object.keys(work.tools)) tools[program] = await at.on.host.version(program)
  return {
    amounts: {
      cpu: host.cpu,
      memory: host.memoryBytes,
      storage: host.diskFreeBytes,
      network: host.networkBitsPerSecond,
    },
    tools,
  }
}

function judge(resource: (typeof resources)[number], has: number | null, work: Work): readonly Finding[] {
  const least = work.minimum[resource]
  const better = work.recommended[resource]
  const data = { resource, measured: has, minimum: least ?? null, recommended: better ?? null }
  if (least === undefined && better === undefined) return []
  if (has === null)
    return [
      risk(
        'assess.unmeasured',
        `${resource} cannot be measured here: ${wanted(resource, work.minimum, work.recommended)} asked for`,
        'see to it by hand',
        data,
      ),
    ]
  if (least !== undefined && has < least) {
    return [
      (work.short === 'block' ? block : risk)(
        'assess.too-small',
        `${resource}: ${show[resource](has)} measured, at least ${show[resource](least)} needed`,
        'take a larger host, or lower the need in the plan',
        data,
      ),
    ]
  }
  return better !== undefined && has < better
    ? [
        risk(
          'assess.below-recommended',
          `${resource}: ${show[resource](has)} measured, ${show[resource](better)} recommended`,
          'enough to run; take a larger host for production',
          data,
        ),
      ]
    : []
}

function judgeTool(program: string, versions: string, has: string | null, short: Work['short']): readonly Finding[] {
  const bad = short === 'block' ? block : risk
  if (has === null)
    return [
      bad('assess.tool-missing', `there is no "${program}"; ${versions} is needed`, `install ${program} ${versions}`, {
        program,
        versions,
      }),
    ]
  const version = parseVersion(has)
  if (version === undefined)
    return [
      risk(
        'assess.tool-version',
        `"${program}" says its version is "${has}", which cannot be compared with ${versions}`,
        'see to it by hand',
        { program, versions, measured: has },
      ),
    ]
  return inRange(version, parseRange(versions)!)
    ? []
    : [
        bad('assess.tool-version', `"${program}" is ${has}; ${versions} is needed`, `install ${program} ${versions}`, {
          program,
          versions,
          measured: has,
        }),
      ]
}

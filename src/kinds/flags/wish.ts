/** What a person wishes of one flag, and the flag that has it. What is not named stays. Pure. */
import { z } from 'zod'
import { ChangeoverError, suggestion } from '../../core/errors.ts'
import { block, type Finding } from '../../core/finding.ts'
import { equal, isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { FlagFacts } from '../../core/ports/index.ts'
import {
  checkFlags,
  type Flag,
  generationOf,
  newFlag,
  type Rollout,
  rolloutOf,
  type Sides,
  withRollout,
} from '../../flags/index.ts'

const names = z.array(z.string().min(1))

/** The fields of a spec that wish something of a flag. */
export const wishFields = {
  enabled: z.boolean().optional().describe('False is the kill switch: every program uses its own fallback.'),
  percent: z
    .number()
    .min(0)
    .max(100)
    .refine((given) => Math.abs(given * 100 - Math.round(given * 100)) < 1e-6, { error: 'is not in steps of 0.01' })
    .optional()
    .describe('Who is in by bucket: 0 to 100 in steps of 0.01. While it grows, nobody who is in falls out.'),
  allow: names.optional().describe('Who is in whatever their bucket; the whole list.'),
  deny: names.optional().describe('Who is out, whatever else holds; the whole list.'),
  nodes: z
    .string()
    .min(1)
    .nullable()
    .optional()
    .describe('The attribute that names the node: `allow`, `deny` and `percent` then go by node. Null: by user again.'),
  sides: z
    .strictObject({ on: z.string().min(1), off: z.string().min(1) })
    .optional()
    .describe(
      'The variants of those who are in and of all others, where they are not `on` and `off` or true and false.',
    ),
} as const

/** What nobody needs to be told. */
export const plainSides: Sides = { on: 'on', off: 'off' }

/** What is not named stays. */
export type Wish = {
  readonly [field in Exclude<keyof Rollout, 'nodes'>]?: Rollout[field] | undefined
} & { readonly nodes?: string | null | undefined; readonly sides?: Sides | undefined }

export function flagIn(flags: JsonObject, name: string): Flag | undefined {
  const found = Object.hasOwn(flags, name) ? flags[name] : undefined
  return isObject(found) ? (found as unknown as Flag) : undefined
}

/** A flag that was not there starts with nobody in, and records how its buckets are drawn. */
export function wished(flag: Flag | undefined, wish: Wish): Flag {
  const { enabled, sides, ...share } = wish
  const old = flag ?? { ...newFlag(), metadata: { hashGeneration: 'v2' } }
  if (Object.values({ sides, ...share }).every((each) => each === undefined))
    return enabled === undefined ? old : { ...old, state: enabled ? 'ENABLED' : 'DISABLED' }
  const given = Object.entries({ enabled, ...share }).filter(([, value]) => value !== undefined)
  const { nodes, ...rest }: Omit<Rollout, 'nodes'> & { readonly nodes?: string | null } = {
    ...standing(old, sides),
    ...Object.fromEntries(given),
  }
  return withRollout(old, typeof nodes === 'string' ? { ...rest, nodes } : rest, sides)
}

/** The rollout that a flag has, or amounts to: without one, all are in where the default is the new side, or where a rule is asked for all. */
export function standing(flag: Flag, sides?: Sides): Rollout {
  const known = rolloutOf(flag)
  if (known) return known
  const usual = flag.defaultVariant ?? ''
  const on =
    sides === undefined
      ? usual === 'on' || (Object.hasOwn(flag.variants, usual) && flag.variants[usual] === true)
      : usual === sides.on
  return { enabled: flag.state === 'ENABLED', percent: on || hasRule(flag) ? 100 : 0, allow: [], deny: [] }
}

/** A rule that no rollout wrote. */
export function hasRule(flag: Flag): boolean {
  return rolloutOf(flag) === undefined && Object.keys(flag.targeting ?? {}).length > 0
}

/** What keeps flag `name` of `set` from becoming `after`; undefined: it is not there, and none shall be made. One answer for plans and for people. */
export function against(name: string, set: FlagFacts, after: Flag | undefined): readonly Finding[] {
  const { flags, evaluators, metadata } = set
  if (after === undefined) return [unknownFlag(name, flags)]
  return [
    ...drawnOtherwise(name, flagIn(flags, name), after, metadata),
    ...checkFlags({ $evaluators: evaluators, flags: { [name]: after as unknown as Json } }),
  ]
}

/**
 * Proxies, gateways and routers draw buckets by generation v2: a share that a flag draws in another way has other users in it there.
 * A share that stays as it was is not asked about: a switch must work whatever the flag says.
 */
function drawnOtherwise(name: string, before: Flag | undefined, after: Flag, metadata: JsonObject): readonly Finding[] {
  const generation = generationOf({ ...metadata, ...after.metadata })
  const percent = rolloutOf(after)?.percent ?? 0
  if (generation === 'v2' || percent === 0 || percent === 100) return []
  if (equal(before?.targeting ?? null, after.targeting ?? null)) return []
  const message = `flag "${name}" draws its buckets by hash generation ${JSON.stringify(generation)}; a share goes by "v2", here and in every proxy`
  return [block('flags.generation', message, 'write `"metadata": {"hashGeneration": "v2"}` into the flag')]
}

function unknownFlag(name: string, flags: JsonObject): Finding {
  const message = `there is no flag "${name}"${suggestion(name, Object.keys(flags))}`
  return block('flags.unknown', message, 'name one that is there, or make it: `create: true`')
}

/** The flag as wished; a finding where its own shape does not allow that. */
export function tryWish(name: string, flag: Flag | undefined, wish: Wish): Flag | Finding {
  try {
    return wished(flag, wish)
  } catch (error) {
    if (!(error instanceof ChangeoverError) || error.code !== 'flags.invalid') throw error
    const message = `flag "${name}": ${error.message}`
    return wish.sides === undefined
      ? block('flags.no-sides', message, sidesHelp(flag))
      : block('flags.side-unknown', message, error.help)
  }
}

/** The default is the old side, as a rule. */
function sidesHelp(flag: Flag | undefined): string {
  const names = Object.keys(flag?.variants ?? {})
  const off = flag?.defaultVariant || (names[0] ?? 'OLD')
  const on = names.find((each) => each !== off) ?? 'NEW'
  return `say which is which: \`sides: { on: ${on}, off: ${off} }\` in a plan, \`--sides ${on},${off}\` with \`changeover flags set\``
}

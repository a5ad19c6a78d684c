/** A rollout spelled as flagd targeting, and read back from it. Every flagd evaluates it alike; nothing else is stored. */
import { ChangeoverError, equal, isObject, type Json, type JsonObject, suggestion } from '../core/index.ts'
import { buckets } from './bucket.ts'
import type { Flag } from './set.ts'

/** Who gets the new. `deny` wins over `allow`, `allow` over `percent`. */
export interface Rollout {
  /** False is the kill switch: state DISABLED, so that every program uses its own fallback. All else is kept for the day it is true again. */
  readonly enabled: boolean
  /** 0 to 100 in steps of 0.01, by bucket: while it grows, nobody who is in falls out. Those without a key are in at 100 only. */
  readonly percent: number
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  /** The attribute that names the node: with it `allow`, `deny` and `percent` go by node, and who names none is out. Otherwise by user, the `targetingKey`. */
  readonly nodes?: string
}

/** Which variants a rollout gives: `on` to those who are in, `off` to all others. */
export interface Sides {
  readonly on: string
  readonly off: string
}

const none: Rollout = { enabled: true, percent: 0, allow: [], deny: [] }

/** Nobody is in: what a new flag starts with. */
export function newFlag(rollout: Rollout = none): Flag {
  return withRollout({ state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }, rollout)
}

/**
 * The flag with this rollout in place of the one it had. A rule that no rollout wrote is kept as it is: the rollout then says who is asked
 * by it, and all others get the off side. The default becomes the off side. Throws `flags.invalid` for a percent that is none, for a flag
 * whose sides are not plain (`sides` names them then), and for sides that are no two variants of it.
 */
export function withRollout(flag: Flag, rollout: Rollout, sides: Sides = sidesOf(flag)): Flag {
  const steps = stepsOf(rollout.percent)
  checkSides(flag, sides)
  const inner = split(flag).foreign
  const targeting = spelled(rollout, steps, sides, inner)
  return { ...flag, state: rollout.enabled ? 'ENABLED' : 'DISABLED', defaultVariant: sides.off, targeting }
}

/** The rollout of a flag. Undefined where it has none: no targeting, or a rule that no rollout wrote. */
export function rolloutOf(flag: Flag): Rollout | undefined {
  const { read } = split(flag)
  return read === undefined ? undefined : { enabled: flag.state === 'ENABLED', ...read }
}

/** The flag without its rollout: a rule that was kept inside stands alone again. */
export function withoutRollout(flag: Flag): Flag {
  const { targeting: _targeting, ...rest } = flag
  const { foreign } = split(flag)
  return foreign === undefined ? rest : { ...rest, targeting: foreign }
}

/** The sides that the rollout of a flag gives. Undefined where it has none, or where its rule does not tell. */
export function sidesIn(flag: Flag): Sides | undefined {
  const { sides } = split(flag)
  if (sides === undefined) return undefined
  const names = Object.keys(flag.variants)
  // With all in, a rule names one side only: the other is the default, or what is left.
  const off = sides.off || (flag.defaultVariant ?? '')
  const rest = names.filter((name) => name !== off)
  const on = sides.on || (rest.length === 1 ? (rest[0] ?? '') : '')
  return names.includes(on) && names.includes(off) ? { on, off } : undefined
}

/** Those of the rollout it has; else the variants `on` and `off`, or the only ones that are true and false. */
function sidesOf(flag: Flag): Sides {
  const { sides: written } = split(flag)
  const plain = plainSidesOf(flag)
  // Never against what the rule does tell.
  const fits = written === undefined || (['', plain?.on].includes(written.on) && ['', plain?.off].includes(written.off))
  const sides = sidesIn(flag) ?? (fits ? plain : undefined)
  if (sides !== undefined) return sides
  throw new ChangeoverError(
    'flags.invalid',
    `a rollout does not know which of the variants ${JSON.stringify(Object.keys(flag.variants))} is the new one`,
    'name them "on" and "off", or say which is which',
  )
}

function plainSidesOf({ variants }: Flag): Sides | undefined {
  if (Object.hasOwn(variants, 'on') && Object.hasOwn(variants, 'off')) return { on: 'on', off: 'off' }
  const named = (value: boolean) => Object.keys(variants).filter((name) => variants[name] === value)
  const [on, ...moreOn] = named(true)
  const [off, ...moreOff] = named(false)
  return on !== undefined && off !== undefined && moreOn.length + moreOff.length === 0 ? { on, off } : undefined
}

function checkSides({ variants }: Flag, { on, off }: Sides): void {
  const unknown = [on, off].filter((name) => !Object.hasOwn(variants, name))
  const names = Object.keys(variants)
  if (unknown.length === 0 && on !== off) return
  const message =
    unknown.length === 0
      ? `both sides of the rollout are "${on}"`
      : `a side of the rollout is "${unknown[0]}", which is no variant${suggestion(unknown[0] ?? '', names)}`
  throw new ChangeoverError('flags.invalid', message, `name two of the variants ${JSON.stringify(names)}`)
}

/** Hundredths of a percent. */
function stepsOf(percent: number): number {
  const steps = Math.round(percent * 100)
  if (percent >= 0 && percent <= 100 && Math.abs(percent * 100 - steps) < 1e-6) return steps
  throw new ChangeoverError(
    'flags.invalid',
    `percent is ${percent}, not 0 to 100 in steps of 0.01`,
    'give a percentage such as 12.5',
  )
}

type Spelling = Omit<Rollout, 'enabled'>

const targetingKey = 'targetingKey'

/** `{"if": [denied, off, allowed, on, share]}`; with a rule inside: `{"if": [denied, off, allowed or in the share, rule, off]}`. */
function spelled(rollout: Spelling, steps: number, { on, off }: Sides, foreign: JsonObject | undefined): JsonObject {
  const { nodes } = rollout
  const key: JsonObject = { var: nodes ?? targetingKey }
  const among = (names: readonly string[]): JsonObject => ({ in: [key, [...names]] })
  const share = shareOf(steps, { on, off }, nodes)
  const denied: readonly Json[] = rollout.deny.length === 0 ? [] : [among(rollout.deny), off]
  // Without a name all nodes would fall into one bucket.
  const nameless: readonly Json[] = nodes === undefined ? [] : [{ '!': [key] }, off]
  const before = [...denied, ...nameless]
  if (foreign !== undefined) {
    const inShare: Json = typeof share === 'string' ? share === on : { '===': [share, on] }
    const asked: Json = rollout.allow.length === 0 ? inShare : { or: [among(rollout.allow), inShare] }
    return { if: [...before, asked, foreign, off] }
  }
  const allowed: readonly Json[] = rollout.allow.length === 0 ? [] : [among(rollout.allow), on]
  const conditions = [...before, ...allowed]
  if (conditions.length > 0) return { if: [...conditions, share] }
  return isObject(share) ? share : { if: [true, share, off] }
}

/** All, without asking for a key; or the share by bucket, `on` first, so that it only grows at its end. */
function shareOf(steps: number, { on, off }: Sides, nodes: string | undefined): Json {
  if (steps === buckets) return on
  const weights: readonly Json[] = [
    [on, steps],
    [off, buckets - steps],
  ]
  if (nodes === undefined) return { fractional: weights }
  return { fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: nodes }] }, ...weights] }
}

/** A rollout that was written here, and the rule inside it; or the rule alone. */
function split({ targeting }: Flag): {
  readonly read?: Spelling
  readonly sides?: Sides
  readonly foreign?: JsonObject
} {
  if (targeting === undefined || Object.keys(targeting).length === 0) return {}
  for (const { spelling, sides, foreign } of readings(targeting)) {
    // A reading counts when writing it gives the rule again, to the letter; all else is somebody's own.
    const steps = Math.round(spelling.percent * 100)
    if (!equal(spelled(spelling, steps, sides, foreign), targeting)) continue
    return { read: spelling, sides, ...(foreign === undefined ? {} : { foreign }) }
  }
  return { foreign: targeting }
}

type Names = readonly string[]

interface Reading {
  readonly spelling: Spelling
  readonly sides: Sides
  readonly foreign?: JsonObject
}

/** What the rule could have been written from: its lists, its share and its sides in every part they can play. */
function* readings(targeting: JsonObject): Iterable<Reading> {
  const args: readonly Json[] = Array.isArray(targeting['if']) ? (targeting['if'] as readonly Json[]) : [targeting]
  const kept = args.length >= 3 ? args.at(-2) : undefined
  const conditions = isObject(kept) ? [...args.slice(0, -2), ...alternatives(args.at(-3))] : args
  const lists = conditions.flatMap(listIn)
  const share = [...conditions].map(shareIn).find((each) => each !== undefined)
  const names = [...new Set([...args.filter((each) => typeof each === 'string'), ...(share?.names ?? [])])]
  const [first = '', second = ''] = names
  const [nodes] = conditions.flatMap(keyAsked)
  const spelling = { percent: (share?.steps ?? buckets) / 100, ...(nodes === undefined ? {} : { nodes }) }
  for (const [deny, allow] of partsOf(lists)) {
    for (const [on, off] of [
      [first, second],
      [second, first],
    ] as const) {
      const whole = { spelling: { ...spelling, allow, deny }, sides: { on, off } }
      yield whole
      if (isObject(kept)) yield { ...whole, foreign: kept }
    }
  }
}

/** Two lists are what is denied and what is allowed; one can be either. */
function partsOf([first = [], second]: readonly Names[]): readonly (readonly [deny: Names, allow: Names])[] {
  if (second !== undefined) return [[first, second]]
  return [
    [first, []],
    [[], first],
  ]
}

function alternatives(condition: Json | undefined): readonly Json[] {
  const either = isObject(condition) ? condition['or'] : undefined
  return Array.isArray(either) ? (either as readonly Json[]) : condition === undefined ? [] : [condition]
}

function operands(logic: Json | undefined, operator: string): readonly Json[] {
  const given = isObject(logic) ? logic[operator] : undefined
  return Array.isArray(given) ? (given as readonly Json[]) : []
}

/** The names in `{"in": [{"var": …}, names]}`. */
function listIn(condition: Json): readonly Names[] {
  const [, among] = operands(condition, 'in')
  return Array.isArray(among) && among.every((each) => typeof each === 'string') ? [among as Names] : []
}

/** The attribute in `{"!": [{"var": attribute}]}`. */
function keyAsked(condition: Json): readonly string[] {
  const [asked] = operands(condition, '!')
  const name = isObject(asked) ? asked['var'] : undefined
  return typeof name === 'string' ? [name] : []
}

/** The share that a `fractional` gives its first variant, where there are two; also inside `{"===": [share, on]}`. */
function shareIn(condition: Json): { readonly steps: number; readonly names: readonly string[] } | undefined {
  const inner = operands(condition, '===')[0] ?? condition
  const weights = operands(inner, 'fractional').filter((each) => Array.isArray(each)) as readonly (readonly Json[])[]
  const [on, off] = weights
  if (weights.length !== 2 || typeof on?.[1] !== 'number') return undefined
  return { steps: on[1], names: [on[0], off?.[0]].filter((each) => typeof each === 'string') }
}

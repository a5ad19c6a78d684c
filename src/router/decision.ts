/** Which version answers a call: what may be said, and how it is compiled to a function of the call. Calls no version. */
import { ChangeoverError, suggestion } from '../core/errors.ts'
import type { Call } from './calls.ts'
import { hundredths, mustBeKnown } from './known.ts'

/** A key's bucket, 0 to 9,999: one is a hundredth of a percent. `salt` keeps modules, or flags, apart. */
export type BucketOf = (salt: string, key: string) => number

/** A flag store as the router asks it; a flag that is not there gives `fallback`. */
export interface Flags {
  boolean(key: string, fallback: boolean, context: { readonly [name: string]: unknown }): boolean
}

/**
 * What a settings file can say: a version's name; an environment variable that holds one (read when the decision is set, and by
 * `reload`); a flag, with the version where it is on and, where that is said, off; shares in percent (steps of 0.01), sticky by the
 * router's key. What a setting does not say (variable not set, flag off without `off`, the rest of the percent) the next one of a list says.
 */
export type Setting<Name extends string = string> =
  | Name
  | { readonly environment: string }
  | { readonly flag: string; readonly on: Name; readonly off?: Name }
  | { readonly percent: { readonly [name in Name]?: number }; readonly salt?: string }

/** Decides by the call itself; undefined leaves it to the next of a list. */
export type Decide<Name extends string, Context> = (call: Call<Context>) => Name | undefined
type One<Name extends string, Context> = Setting<Name> | Decide<Name, Context>

/** One, or several of which the first that says something counts. Where none does, the first version answers. */
export type Decision<Name extends string = string, Context = unknown> =
  One<Name, Context> | readonly One<Name, Context>[]

/** Answers with the place of a version, or -1 where nothing is said. May throw: a flag store or a function of the program can. */
export type Choose = (call: Call<never>) => number

export interface Compiled {
  /** The version of every call, where that is so. */
  readonly fixed: number
  readonly choose: Choose
}

/** What a decision may use beside the call. `salt` keeps the buckets of modules apart. */
export interface Sources {
  readonly names: readonly string[]
  readonly salt: string
  readonly environment: { readonly [name: string]: string | undefined }
  readonly flags: Flags | undefined
  readonly keyOf: ((call: Call<never>) => string | undefined) | undefined
  readonly bucketOf: BucketOf
  /** 0 up to 1. */
  readonly random: () => number
}

/** Throws `router.invalid` where a version, a variable or a share cannot be meant. */
export function compileDecision(decision: Decision<string, never>, sources: Sources): Compiled {
  const list: readonly One<string, never>[] = Array.isArray(decision) ? decision : [decision as One<string, never>]
  const chosen: (number | Choose)[] = []
  for (const each of list) {
    const one = compileOne(each, sources)
    if (one === -1) continue
    chosen.push(one)
    // What comes after a fixed answer is never asked.
    if (typeof one === 'number') break
  }
  const [first] = chosen
  if (first === undefined) return { fixed: 0, choose: () => 0 }
  if (typeof first === 'number') return { fixed: first, choose: () => first }
  if (chosen.length === 1) return { fixed: -1, choose: first }
  const choose: Choose = (call) => {
    for (const one of chosen) {
      const at = typeof one === 'number' ? one : one(call)
      if (at >= 0) return at
    }
    return -1
  }
  return { fixed: -1, choose }
}

function compileOne(one: One<string, never>, sources: Sources): number | Choose {
  if (typeof one === 'string') return placeOf(one, sources, 'the decision')
  if (typeof one === 'function') return (call) => said(one(call), sources)
  if (typeof one !== 'object' || one === null)
    return invalid('a decision is a version, a setting, a function, or a list of them')
  const kind = (['environment', 'flag', 'percent'] as const).find((name) => name in one)
  if (kind !== undefined) mustBeKnown(one, settingNames[kind], `a setting with "${kind}"`)
  if ('environment' in one) return fromEnvironment(one.environment, sources)
  if ('flag' in one) return fromFlag(one, sources)
  if ('percent' in one) return fromPercent(one.percent, one.salt ?? sources.salt, sources)
  return invalid('a setting has "environment", "flag" or "percent"')
}

const settingNames = {
  environment: ['environment'],
  flag: ['flag', 'on', 'off'],
  percent: ['percent', 'salt'],
} as const

function fromEnvironment(name: string, sources: Sources): number {
  const value = sources.environment[name]
  return value === undefined || value === '' ? -1 : placeOf(value, sources, `the environment variable "${name}"`)
}

function fromFlag(
  one: { readonly flag: string; readonly on: string; readonly off?: string },
  sources: Sources,
): Choose {
  const { flags, keyOf } = sources
  if (flags === undefined) return invalid(`the flag "${one.flag}" decides, and the router was given no "flags"`)
  const on = placeOf(one.on, sources, `"on" of the flag "${one.flag}"`)
  const off = one.off === undefined ? -1 : placeOf(one.off, sources, `"off" of the flag "${one.flag}"`)
  return (call) => {
    const targetingKey = keyOf?.(call)
    const given: unknown = call.context
    const more = typeof given === 'object' && given !== null ? (given as Readonly<Record<string, unknown>>) : {}
    const context = targetingKey === undefined ? more : { targetingKey, ...more }
    return flags.boolean(one.flag, false, context) ? on : off
  }
}

/** Each version has a span of buckets from 0 up, in the order of the versions: who is in stays in while the one share grows. */
function fromPercent(shares: { readonly [name: string]: number | undefined }, salt: string, sources: Sources): Choose {
  for (const name of Object.keys(shares)) placeOf(name, sources, '"percent"')
  const spans: { readonly at: number; readonly below: number }[] = []
  let below = 0
  // The newest version first, so that the buckets of the one that grows begin at 0.
  for (const name of sources.names.toReversed()) {
    const share = shares[name]
    if (share === undefined) continue
    below += hundredths(share, ` of "${name}"`)
    spans.push({ at: sources.names.indexOf(name), below })
  }
  if (below > 10_000) invalid(`the shares come to ${below / 100} percent`)
  const placed = (bucket: number): number => {
    for (const span of spans) if (bucket < span.below) return span.at
    return -1
  }
  const { keyOf, bucketOf, random } = sources
  if (keyOf === undefined) return () => placed(Math.floor(random() * 10_000))
  return (call) => {
    const key = keyOf(call)
    return key === undefined ? -1 : placed(bucketOf(salt, key))
  }
}

/** A function's answer at run time: a version that there is not says nothing, so that the call is answered all the same. */
function said(name: string | undefined, sources: Sources): number {
  if (name === undefined) return -1
  const at = sources.names.indexOf(name)
  if (at < 0) throw unknownVersion(name, sources, 'the decision')
  return at
}

function placeOf(name: string, sources: Sources, where: string): number {
  const at = sources.names.indexOf(name)
  if (at < 0) throw unknownVersion(name, sources, where)
  return at
}

function unknownVersion(name: string, { names }: Sources, where: string): ChangeoverError {
  return new ChangeoverError(
    'router.invalid',
    `${where} names the version "${name}"${suggestion(name, names)}`,
    `name one of ${names.map((each) => `"${each}"`).join(', ')}`,
  )
}

function invalid(message: string): never {
  throw new ChangeoverError('router.invalid', message, 'correct the decision; the last one stays in force')
}

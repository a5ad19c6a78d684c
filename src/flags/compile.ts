/** Flags, ready to be asked: each rule compiled once, each answer made once. Knows no file, no network and no clock of its own. */
import type { Json } from '../core/index.ts'
import { type Answers, answersOf, type Outcome } from './answers.ts'
import { compileLogic, operationIn, referred } from './logic/expression.ts'
import { fixedShares } from './logic/fractional.ts'
import { runOf, type Scope, truthy } from './logic/node.ts'
import {
  type Flag,
  type FlagContext,
  type FlagSet,
  type FlagType,
  generationOf,
  type Metadata,
  type Resolution,
} from './set.ts'

/** Flags of one moment: a change of the store makes another. All methods are synchronous and never throw. */
export interface Flags {
  readonly keys: readonly string[]
  readonly metadata: Metadata
  /** The flag's value where it has one of this type for this context, otherwise `fallback`. */
  boolean(key: string, fallback: boolean, context?: FlagContext): boolean
  string(key: string, fallback: string, context?: FlagContext): string
  number(key: string, fallback: number, context?: FlagContext): number
  object<T extends Json>(key: string, fallback: T, context?: FlagContext): T
  /** The whole answer. With `type`, a value of another type is the error TYPE_MISMATCH. */
  resolve(key: string, context?: FlagContext, type?: FlagType): Resolution
  /** The answers of all flags, in the order of the document; those of disabled ones too. */
  all(context?: FlagContext): readonly Resolution[]
}

type Decide = (context: FlagContext) => Outcome

const nobody: FlagContext = Object.freeze({})

/** `clock` answers `$flagd.timestamp`, in milliseconds since 1970; `Date` is one. A rule that cannot be read answers PARSE_ERROR. */
export function compileFlags(set: FlagSet, clock: { now(): number }): Flags {
  const decisions = new Map(Object.entries(set.flags).map(([key, flag]) => [key, decisionOf(key, flag, set, clock)]))
  const keys = [...decisions.keys()]
  const valueOf = (key: string, context: FlagContext) => decisions.get(key)?.(context).value
  const resolve = (key: string, context: FlagContext = nobody, type?: FlagType): Resolution => {
    const decide = decisions.get(key)
    if (decide === undefined) return notFound(key, set.metadata)
    const { value, resolution } = decide(context)
    return type === undefined || value === undefined || typeof value === type ? resolution : mismatch(resolution, type)
  }
  return {
    keys,
    metadata: set.metadata,
    boolean: (key, fallback, context = nobody) => {
      const value = valueOf(key, context)
      return typeof value === 'boolean' ? value : fallback
    },
    string: (key, fallback, context = nobody) => {
      const value = valueOf(key, context)
      return typeof value === 'string' ? value : fallback
    },
    number: (key, fallback, context = nobody) => {
      const value = valueOf(key, context)
      return typeof value === 'number' ? value : fallback
    },
    object: <T extends Json>(key: string, fallback: T, context: FlagContext = nobody) => {
      const value = valueOf(key, context)
      return typeof value === 'object' ? (value as T) : fallback
    },
    resolve,
    all: (context = nobody) => keys.map((key) => resolve(key, context)),
  }
}

function notFound(key: string, metadata: Metadata): Resolution {
  const errorMessage = `flag "${key}" not found`
  return Object.freeze({ key, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND', errorMessage, metadata })
}

function mismatch({ key, value, metadata }: Resolution, type: FlagType): Resolution {
  const errorMessage = `flag "${key}" is a ${typeof value}, not a ${type}`
  return Object.freeze({ key, reason: 'ERROR', errorCode: 'TYPE_MISMATCH', errorMessage, metadata })
}

function decisionOf(key: string, flag: Flag, set: FlagSet, clock: { now(): number }): Decide {
  const metadata: Metadata = Object.freeze({ ...set.metadata, ...flag.metadata })
  const answers = answersOf(key, flag, metadata)
  if (flag.state === 'DISABLED') return () => answers.disabled
  if (flag.targeting === undefined || Object.keys(flag.targeting).length === 0) return () => answers.fixed
  const scope: Scope = {
    flagKey: key,
    generation: generationOf(metadata),
    now: () => clock.now(),
    inList: false,
    compile: compileLogic,
    evaluators: set.evaluators,
    refs: [],
  }
  try {
    return guarded(decideBy(flag.targeting, scope, answers), answers)
  } catch (cause) {
    const failed = answers.error('PARSE_ERROR', `the targeting of flag "${key}" cannot be read: ${said(cause)}`)
    return () => failed
  }
}

/** A rule can still fail on a context that holds what JSON cannot: a getter that throws, a BigInt in a sum. */
function guarded(decide: Decide, answers: Answers): Decide {
  return (context) => {
    try {
      return decide(context)
    } catch (cause) {
      return answers.error('GENERAL', `the targeting of flag "${answers.key}" failed: ${said(cause)}`)
    }
  }
}

function said(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/**
 * A rule in the place of the answer. Conditions and shares that end in literals lead straight to an answer that was made beforehand;
 * anything else is computed and looked up.
 */
function decideBy(logic: Json, scope: Scope, answers: Answers): Decide {
  const operation = operationIn(logic)
  if (operation?.name === '$ref') {
    const [target, inner] = referred(operation.args[0] ?? null, scope)
    return decideBy(target, inner, answers)
  }
  if (operation?.name === 'if' || operation?.name === '?:') return decideIf(operation.args, scope, answers)
  if (operation?.name === 'fractional') {
    const decide = decideShare(operation.args, scope, answers)
    if (decide !== undefined) return decide
  }
  const node = compileLogic(logic, scope)
  if (node.constant) {
    const outcome = answers.of(node.value)
    return () => outcome
  }
  const { run } = node
  return (context) => answers.of(run(context))
}

function decideIf(args: readonly Json[], scope: Scope, answers: Answers): Decide {
  const [first, second, ...rest] = args
  if (first === undefined) return () => answers.byDefault
  if (second === undefined) return decideBy(first, scope, answers)
  const test = compileLogic(first, scope)
  const [yes, no] = [decideBy(second, scope, answers), decideIf(rest, scope, answers)]
  if (test.constant) return truthy(test.value) ? yes : no
  const run = runOf(test)
  return (context) => (truthy(run(context)) ? yes(context) : no(context))
}

function decideShare(args: readonly Json[], scope: Scope, answers: Answers): Decide | undefined {
  const fixed = fixedShares(args, scope)
  if (!fixed) return undefined
  const { byDefault } = answers
  const { hashOf } = fixed
  const limits = fixed.shares.map(({ limit }) => limit)
  const outcomes = fixed.shares.map(({ variant }) => answers.of(variant))
  const [limit = 0] = limits
  const [below = byDefault, above = byDefault] = outcomes
  if (limits.length === 2 && limits[1] === 2 ** 32) {
    return (context) => {
      const hash = hashOf(context)
      return hash === null ? byDefault : hash < limit ? below : above
    }
  }
  return (context) => {
    const hash = hashOf(context)
    if (hash === null) return byDefault
    for (let at = 0; at < limits.length; at++) if (hash < (limits[at] ?? 0)) return outcomes[at] ?? byDefault
    return byDefault
  }
}

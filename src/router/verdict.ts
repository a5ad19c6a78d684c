/** What came of running two versions side by side: Scientist's meaning of match, mismatch and ignore. Runs nothing itself. */
import { isDeepStrictEqual } from 'node:util'
import type { Call } from './calls.ts'

/** What one version did with a call: its value, or what it threw. */
export interface Observation {
  readonly version: string
  readonly outcome:
    { readonly type: 'value'; readonly value: unknown } | { readonly type: 'error'; readonly error: unknown }
  readonly ms: number
  readonly cpuMs?: number
}

/** What a comparison came to. */
export type Verdict = 'matched' | 'mismatched' | 'ignored'

/** The program's own part of a comparison that failed, and where. The call goes on as if it had said no. */
export type Fault =
  'compare' | 'compareErrors' | 'ignore' | 'clean' | 'context' | 'runIf' | 'beforeRun' | 'copy' | 'published' | 'key'

/** How two answers are compared. Scientist's own names and order: https://github.com/github/scientist */
export interface Comparing<Context = unknown> {
  /** Of two values; unless given, deep equality with equal types. */
  readonly compare?: (control: unknown, candidate: unknown, call: Call<Context>) => boolean
  /** Of two errors; unless given, the same class and message. One error and one value never match. */
  readonly compareErrors?: (control: unknown, candidate: unknown, call: Call<Context>) => boolean
  /** Asked of mismatches only: true of any, and it counts as ignored. An error's value is undefined. */
  readonly ignore?:
    | ((control: unknown, candidate: unknown, call: Call<Context>) => boolean)
    | readonly ((control: unknown, candidate: unknown, call: Call<Context>) => boolean)[]
}

type Raised = (fault: Fault, error: unknown) => void

export function judge(
  control: Observation,
  candidate: Observation,
  comparing: Comparing<never>,
  call: Call<never>,
  raised: Raised,
): Verdict {
  if (same(control, candidate, comparing, call, raised)) return 'matched'
  const { ignore = [] } = comparing
  const asked = typeof ignore === 'function' ? [ignore] : ignore
  const ignored = asked.some((each) =>
    attempt(() => each(valueOf(control), valueOf(candidate), call), 'ignore', raised),
  )
  return ignored ? 'ignored' : 'mismatched'
}

function same(
  control: Observation,
  candidate: Observation,
  comparing: Comparing<never>,
  call: Call<never>,
  raised: Raised,
): boolean {
  const [a, b] = [control.outcome, candidate.outcome]
  if (a.type === 'value' && b.type === 'value') {
    const compare = comparing.compare ?? isDeepStrictEqual
    return attempt(() => compare(a.value, b.value, call), 'compare', raised)
  }
  if (a.type === 'error' && b.type === 'error') {
    const compare = comparing.compareErrors ?? sameError
    return attempt(() => compare(a.error, b.error, call), 'compareErrors', raised)
  }
  return false
}

function sameError(a: unknown, b: unknown): boolean {
  if (a instanceof Error && b instanceof Error)
    return a.constructor.name === b.constructor.name && a.message === b.message
  return isDeepStrictEqual(a, b)
}

function valueOf({ outcome }: Observation): unknown {
  return outcome.type === 'value' ? outcome.value : undefined
}

/** A question to the program whose failure is a no. */
export function attempt(ask: () => unknown, fault: Fault, raised: Raised): boolean {
  try {
    return Boolean(ask())
  } catch (error) {
    raised(fault, error)
    return false
  }
}

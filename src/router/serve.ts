/** One call of one version, counted and timed. What the caller gets is what the version gave: value, error, or promise. */
import type { Gate } from './gate.ts'
import type { Route } from './route.ts'
import { isThenable } from './shadow.ts'
import type { Tally } from './tally.ts'
import type { Observation } from './verdict.ts'

/** Where a shadowed call's control is noted. `control` stays undefined for an answer that cannot be waited for twice. */
export interface Seen {
  readonly version: string
  control: Observation | Promise<Observation> | undefined
  answer: unknown
  threw: { readonly error: unknown } | undefined
}

/** With `seen`, answer and error are noted there, and nothing is thrown. */
export function serve(
  route: Route,
  at: number,
  args: readonly unknown[],
  now: () => number,
  gate: Gate,
  seen?: Seen,
): unknown {
  const tally = route.tallies[at]!
  const timed = seen !== undefined || (route.timeEvery > 0 && tally.calls % route.timeEvery === 0)
  tally.calls++
  const began = timed ? now() : 0
  let answer: unknown
  try {
    answer = route.functions[at]!.apply(route.objects[at], args as never[])
  } catch (error) {
    tally.errors++
    const ms = timed ? took(tally, now() - began) : 0
    if (seen === undefined) throw error
    seen.control = { version: seen.version, outcome: { type: 'error', error }, ms }
    seen.threw = { error }
    return undefined
  }
  if (isPlainPromise(answer)) return followed(answer, { route, tally, began, timed, now, gate, seen })
  const ms = timed ? took(tally, now() - began) : 0
  if (seen === undefined) return answer
  // A thenable that is no promise may do its work when it is waited for: nobody but the caller may do that.
  if (!isThenable(answer)) seen.control = { version: seen.version, outcome: { type: 'value', value: answer }, ms }
  seen.answer = answer
  return answer
}

interface Following {
  readonly route: Route
  readonly tally: Tally
  readonly began: number
  readonly timed: boolean
  readonly now: () => number
  readonly gate: Gate
  readonly seen: Seen | undefined
}

/** Hands on a promise of its own, so that a rejection that the caller leaves alone is still reported as unhandled. */
function followed(
  answer: Promise<unknown>,
  { route, tally, began, timed, now, gate, seen }: Following,
): Promise<unknown> {
  const writes = !route.reads
  if (writes) gate.enter()
  const ended = (): number => {
    if (writes) gate.leave()
    return timed ? took(tally, now() - began) : 0
  }
  let noted: ((observation: Observation) => void) | undefined
  if (seen !== undefined) seen.control = new Promise((resolve) => (noted = resolve))
  const handed = answer.then(
    (value) => {
      const ms = ended()
      noted?.({ version: seen!.version, outcome: { type: 'value', value }, ms })
      return value
    },
    (error: unknown) => {
      tally.errors++
      const ms = ended()
      noted?.({ version: seen!.version, outcome: { type: 'error', error }, ms })
      throw error
    },
  )
  if (seen !== undefined) seen.answer = handed
  return handed
}

function took(tally: Tally, ms: number): number {
  tally.latency.add(ms)
  return ms
}

/** A promise and nothing else. Subclasses and promises with more on them (a child process, a query) go to the caller as they are. */
function isPlainPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise && Object.getPrototypeOf(value) === Promise.prototype && !hasOwn(value)
}

function hasOwn(value: object): boolean {
  for (const _ in value) return true
  return false
}

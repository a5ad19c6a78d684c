/** What the caller of a shadowed call gets: what the control gave, or, where a test asks for it, the mismatch. */
import { ChangeoverError } from '../core/errors.ts'
import type { Seen } from './serve.ts'
import type { Settled } from './shadow.ts'

export function answerOf({ threw, answer }: Seen): unknown {
  if (threw !== undefined) throw threw.error
  return answer
}

/** Throws `router.mismatched`: at once where all have answered, with the promise where the caller waits for one, else as an unhandled rejection. */
export function answerOrRaise(seen: Seen, settled: readonly Settled[]): unknown {
  const waits = settled.filter((each) => each instanceof Promise)
  for (const each of settled) if (!(each instanceof Promise)) raise(each)
  const all = Promise.all(waits).then((results) => results.forEach(raise))
  if (!(seen.answer instanceof Promise)) return answerOf(seen)
  const answer: Promise<unknown> = seen.answer
  return answer.then(
    (value) => all.then(() => value),
    (error: unknown) =>
      all.then(() => {
        throw error
      }),
  )
}

function raise(result: Awaited<Settled>): void {
  if (result?.verdict !== 'mismatched') return
  const { candidate, candidateVersion, control, method, module } = result
  throw new ChangeoverError(
    'router.mismatched',
    `"${candidateVersion}" of "${module}" does not answer "${method}" as "${control.version}" does: ${told(candidate)}, not ${told(control)}`,
    'mend the candidate; or say with `compare` or `ignore` what may differ',
    { data: result },
  )
}

function told(published: { readonly value?: unknown; readonly error?: { readonly name: string } } | null): string {
  if (published?.error) return `it threw ${published.error.name}`
  try {
    return (JSON.stringify(published?.value) ?? 'undefined').slice(0, 200)
  } catch {
    return 'a value that cannot be shown'
  }
}

/** Lets a long piece of work be seen: what it says of its progress becomes marks, while it goes on. Knows nothing of what it does. */
import type { Clock, Mark, Progress } from '../../core/kind.ts'

/** What `work` gets: `tell` notes how far it is; `stop` is aborted when nobody listens any more. */
export interface Watched {
  tell(mark: Progress): void
  readonly stop: AbortSignal
}

/** Yields what was told last, at most every `everyMs`; answers what `work` answers. When it is left before the end, it waits for `work` to stop. */
export async function* watched<T>(
  at: { readonly clock: Clock; readonly signal: AbortSignal },
  work: (watch: Watched) => Promise<T>,
  everyMs = 500,
): AsyncGenerator<Mark, T> {
  const left = new AbortController()
  let told: Progress | undefined
  const done = work({ tell: (mark) => (told = mark), stop: left.signal })
  const ended = done.then(
    () => true,
    () => true,
  )
  try {
    for (;;) {
      const awake = new AbortController()
      const pause = at.clock.sleep(everyMs, AbortSignal.any([awake.signal, at.signal])).then(
        () => false,
        () => at.signal.aborted,
      )
      const over = await Promise.race([ended, pause])
      awake.abort()
      if (over) return await done
      if (told !== undefined) yield told
      told = undefined
    }
  } finally {
    left.abort()
    await ended
  }
}

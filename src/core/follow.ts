/** What a store holds, followed as it changes: the last good value while it cannot be read. Knows no store. */

export interface Followed<Value> {
  current(): Value
  /** Why the newest value is not the one that holds; undefined where it is. */
  problem(): string | undefined
  /** Looks now. Never rejects: what is wrong is the `problem`. */
  refresh(): Promise<void>
  /** Told of each new value and the one before, until what it returns is called. */
  follow(told: (now: Value, before: Value) => void): () => void
}

export interface FollowOptions<Value> {
  /** Reads it. Given back as it was known where nothing has changed. */
  take(known?: Value): Promise<Value>
  /** Calls `moved` when it may have changed, until the signal. */
  watch(moved: () => void, signal: AbortSignal): Promise<void>
  /** Ends the watching; nobody is told of anything then. */
  readonly signal: AbortSignal
  /** Told once of each problem, and with undefined when it is over. */
  readonly troubled?: ((problem: string | undefined) => void) | undefined
}

/** Rejects when there is no value to begin with. */
export async function follow<Value>(options: FollowOptions<Value>): Promise<Followed<Value>> {
  const followers = new Set<(now: Value, before: Value) => void>()
  let current = await options.take()
  let problem: string | undefined
  const turn = (now: string | undefined): void => {
    if (now !== problem) options.troubled?.(now)
    problem = now
  }
  const look = async (): Promise<void> => {
    try {
      const before = current
      const next = await options.take(before)
      turn(undefined)
      if (next === before || options.signal.aborted) return
      current = next
      for (const told of followers) told(next, before)
    } catch (error) {
      turn(error instanceof Error ? error.message : String(error))
    }
  }
  const refresh = oneAtATime(look)
  await options.watch(() => void refresh(), options.signal)
  await refresh()
  return {
    current: () => current,
    problem: () => problem,
    refresh,
    follow: (told) => {
      followers.add(told)
      return () => void followers.delete(told)
    },
  }
}

/** Whoever asks while a look is under way waits for the next one: the one under way may have begun before the change. */
function oneAtATime(look: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  const begin = (): Promise<void> => {
    current = look().finally(() => {
      current = undefined
    })
    return current
  }
  return () => {
    if (current === undefined) return begin()
    next ??= current.then(() => {
      next = undefined
      return begin()
    })
    return next
  }
}

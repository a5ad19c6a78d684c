/** The flags that a server or a program answers from: compiled, followed as the store changes, and the last good ones while it cannot be read. Knows no HTTP. */
import type { Clock, FlagReader } from '../core/index.ts'
import { compileFlags, type Flags } from './compile.ts'
import { readFlags } from './parse.ts'

/** `version` is the store's own, `at` when this server first saw it, in milliseconds since 1970. */
export interface Served {
  readonly flags: Flags
  readonly version: string
  readonly at: number
}

export interface FlagSource {
  current(): Served
  /** Why the newest flags are not the ones that are served; undefined where they are. */
  problem(): string | undefined
  /** Looks at the store now. Never rejects: what is wrong is the `problem`. */
  refresh(): Promise<void>
  /** Told of each new version, until what it returns is called. */
  follow(told: (served: Served) => void): () => void
}

export interface SourceOptions {
  readonly clock: Pick<Clock, 'now'>
  /** Ends the watching. */
  readonly signal: AbortSignal
  /** Told once of each problem, and with undefined when it is over. */
  readonly troubled?: (problem: string | undefined) => void
}

/** Rejects when there are no flags to begin with. */
export async function openFlagSource(store: FlagReader, options: SourceOptions): Promise<FlagSource> {
  const followers = new Set<(served: Served) => void>()
  let served = await take(store, options.clock)
  let problem: string | undefined
  const turn = (now: string | undefined): void => {
    if (now !== problem) options.troubled?.(now)
    problem = now
  }
  const look = async (): Promise<void> => {
    try {
      const next = await take(store, options.clock, served)
      turn(undefined)
      if (next === served) return
      served = next
      for (const told of followers) told(served)
    } catch (error) {
      turn(error instanceof Error ? error.message : String(error))
    }
  }
  const refresh = oneAtATime(look)
  await store.watch(() => void refresh(), options.signal)
  await refresh()
  return {
    current: () => served,
    problem: () => problem,
    refresh,
    follow: (told) => {
      followers.add(told)
      return () => void followers.delete(told)
    },
  }
}

async function take(store: FlagReader, clock: Pick<Clock, 'now'>, known?: Served): Promise<Served> {
  const { document, version } = await store.read()
  if (version === known?.version) return known
  return { flags: compileFlags(readFlags(document), clock), version, at: clock.now() }
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

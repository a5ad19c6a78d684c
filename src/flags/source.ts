/** The flags that a server or a program answers from: compiled, and followed as the store changes. Knows no HTTP. */
import { follow, type Followed } from '../core/follow.ts'
import type { Clock, FlagReader } from '../core/index.ts'
import { compileFlags, type Flags } from './compile.ts'
import { readFlags } from './parse.ts'

/** `version` is the store's own, `at` when this server first saw it, in milliseconds since 1970. */
export interface Served {
  readonly flags: Flags
  readonly version: string
  readonly at: number
}

/** The newest flags of a store that could be read. */
export type FlagSource = Followed<Served>

export interface SourceOptions {
  readonly clock: Pick<Clock, 'now'>
  /** Ends the watching. */
  readonly signal: AbortSignal
  /** Told once of each problem, and with undefined when it is over. */
  readonly troubled?: (problem: string | undefined) => void
}

/** Rejects when there are no flags to begin with. */
export async function openFlagSource(store: FlagReader, options: SourceOptions): Promise<FlagSource> {
  return follow({
    take: (known?: Served) => take(store, options.clock, known),
    watch: (moved, signal) => store.watch(moved, signal),
    signal: options.signal,
    troubled: options.troubled,
  })
}

async function take(store: FlagReader, clock: Pick<Clock, 'now'>, known?: Served): Promise<Served> {
  const { document, version } = await store.read()
  if (version === known?.version) return known
  return { flags: compileFlags(readFlags(document), clock), version, at: clock.now() }
}

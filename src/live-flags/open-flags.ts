/** Flags that a program asks for synchronously. Knows no kind of store but the one it is given, or a file. */
import { readFlagFile } from '../adapters/flag-file/index.ts'
import type { FlagReader } from '../core/ports/index.ts'
import { type Flags, openFlagSource } from '../flags/index.ts'

/** Asked as `Flags` are, always of the newest flags that can be read. No method throws: what cannot be answered is the fallback. */
export interface LiveFlags extends Flags {
  /** Why the newest flags are not the ones that hold; undefined where they are. */
  problem(): string | undefined
  /** Called after each change, until what it returns is called. */
  onChange(told: () => void): () => void
  close(): void
}

/** What `openFlags` is given. */
export interface LiveFlagsOptions {
  /** The flag file, or any store with the port `flags`. */
  readonly from: string | FlagReader
  /** Told once of each problem, and with undefined when it is over. */
  readonly troubled?: (problem: string | undefined) => void
}

/** Rejects when there are no flags to begin with. It does not keep the process alive. */
export async function openFlags({ from, troubled }: LiveFlagsOptions): Promise<LiveFlags> {
  const stop = new AbortController()
  const store = typeof from === 'string' ? readFlagFile(from, stop.signal) : from
  const source = await openFlagSource(store, {
    clock: Date,
    signal: stop.signal,
    ...(troubled === undefined ? {} : { troubled }),
  })
  const now = (): Flags => source.current().flags
  return {
    get keys() {
      return now().keys
    },
    get metadata() {
      return now().metadata
    },
    boolean: (key, fallback, context) => now().boolean(key, fallback, context),
    string: (key, fallback, context) => now().string(key, fallback, context),
    number: (key, fallback, context) => now().number(key, fallback, context),
    object: (key, fallback, context) => now().object(key, fallback, context),
    resolve: (key, context, type) => now().resolve(key, context, type),
    all: (context) => now().all(context),
    problem: () => source.problem(),
    onChange: (told) => source.follow(() => told()),
    close: () => stop.abort(new Error('closed')),
  }
}

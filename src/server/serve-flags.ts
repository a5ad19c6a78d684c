/** A flag server in one call: the store is followed, and what programs ask is answered from the newest flags that can be read. */
import { readFlagFile } from '../adapters/flag-file/index.ts'
import type { FlagReader } from '../core/ports/index.ts'
import { openFlagSource } from '../flags/index.ts'
import { type OfrepOptions, type OfrepServer, startOfrep } from './ofrep.ts'

/** What `serveFlags` is given. */
export interface FlagServerOptions extends Omit<OfrepOptions, 'source' | 'clock'> {
  /** The flag file, or any store with the port `flags`. */
  readonly from: string | FlagReader
  /** Told of each new version of the flags, with their names. */
  readonly changed?: (version: string, flags: readonly string[]) => void
  /** Told once of each problem with the store, and with undefined when it is over; meanwhile the last good flags are served. */
  readonly troubled?: (problem: string | undefined) => void
}

/** A server of flags that follows its store. */
export interface FlagServer extends OfrepServer {
  /** The names of the flags that are served now. */
  flags(): readonly string[]
}

/** Serves flags by OFREP 0.3.0. Rejects when there are no flags to begin with, or when the port cannot be had. */
export async function serveFlags({ from, changed, troubled, ...options }: FlagServerOptions): Promise<FlagServer> {
  const stop = new AbortController()
  const { signal } = stop
  try {
    const store = typeof from === 'string' ? readFlagFile(from, signal) : from
    const source = await openFlagSource(store, { clock: Date, signal, ...(troubled === undefined ? {} : { troubled }) })
    const server = await startOfrep({ ...options, source, clock: Date })
    source.follow(({ version, flags }) => changed?.(version, flags.keys))
    return {
      ...server,
      flags: () => source.current().flags.keys,
      close: async () => {
        stop.abort(new Error('closed'))
        await server.close()
      },
    }
  } catch (error) {
    stop.abort(error)
    throw error
  }
}

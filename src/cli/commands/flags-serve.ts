/** `changeover flags serve`: the OFREP server, until it is told to stop. Says what changes, and what keeps the newest flags from being served. */
import { ChangeoverError, nearest } from '../../core/errors.ts'
import type { FlagReader } from '../../core/ports/index.ts'
import { systemClock } from '../../engine/this-process.ts'
import type { Door } from '../door.ts'
import { notListening, portOf } from './port.ts'
import { positive } from './wishes.ts'

export interface ServeOptions {
  readonly port?: string
  readonly host?: string
  readonly tokens?: string
  readonly rate?: string
  readonly origin?: readonly string[]
}

/** As flagd's own OFREP port. */
const usualPort = 8016

export async function serve(store: FlagReader, options: ServeOptions, door: Door): Promise<number> {
  const { openFlagSource, startOfrep } = await import('../../server/index.ts')
  const stop = new AbortController()
  const leave = (): void => stop.abort(new Error('left'))
  process.on('SIGINT', leave).on('SIGTERM', leave)
  try {
    const callers = callersOf(options.tokens, door)
    const source = await openFlagSource(store, {
      clock: systemClock,
      signal: stop.signal,
      troubled: (problem) => tellTrouble(problem, door),
    })
    const perSecond = options.rate === undefined ? undefined : positive('--rate', options.rate)
    const server = await startOfrep({
      source,
      clock: systemClock,
      host: options.host ?? '127.0.0.1',
      port: portOf(options.port, usualPort),
      callers,
      ...(perSecond === undefined ? {} : { rate: { perSecond, burst: perSecond * 2 } }),
      origins: options.origin ?? [],
    }).catch((error: unknown) => Promise.reject(notListening(error)))
    const count = () => source.current().flags.keys.length
    tell({ serving: server.url, flags: count() }, `serving ${count()} flags at ${server.url}`, door)
    if (callers.length === 0 && options.host !== undefined && !/^(127\.|::1$|localhost$)/.test(options.host))
      door.err('anybody who reaches this address may ask: name tokens with `--tokens`\n')
    source.follow(({ version }) =>
      tell({ changed: version, flags: count() }, `the flags changed: ${count()} now`, door),
    )
    await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }))
    await server.close()
    return 0
  } finally {
    stop.abort()
    process.off('SIGINT', leave).off('SIGTERM', leave)
  }
}

function tell(json: object, text: string, door: Door): void {
  door.out(door.json ? `${JSON.stringify(json)}\n` : `${text}\n`)
}

function tellTrouble(problem: string | undefined, door: Door): void {
  if (door.json) door.out(`${JSON.stringify({ problem: problem ?? null })}\n`)
  else if (problem === undefined) door.err('the flags can be read again\n')
  else door.err(`${problem}; the last good flags are served\n`)
}

/** Tokens come by the environment: a command line can be read by everyone on the machine. */
function callersOf(variable: string | undefined, door: Door): readonly { name: string; token: string }[] {
  if (variable === undefined) return []
  const tokens = (door.env[variable] ?? '').split(',').map((token) => token.trim())
  const given = tokens.filter((token) => token !== '')
  if (given.length > 0) return given.map((token, at) => ({ name: `token-${at + 1}`, token }))
  const near = nearest(variable, Object.keys(door.env))
  const message = `"${variable}" is not in the environment${near === undefined ? '' : `; did you mean "${near}"?`}`
  throw new ChangeoverError('secret.missing', message, `export ${variable}=… and run the same command again`)
}

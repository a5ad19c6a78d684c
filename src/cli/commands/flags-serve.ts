/** `changeover flags serve`: the OFREP server, until it is told to stop. Says what changes, and what keeps the newest flags from being served. */
import { matchesAny } from '../../core/glob.ts'
import type { FlagReader } from '../../core/ports/index.ts'
import type { Caller, FlagServer } from '../../server/index.ts'
import type { Door } from '../door.ts'
import { type CallerOptions, callersOf } from './callers.ts'
import { notListening, portOf } from './port.ts'
import { positive } from './wishes.ts'

export interface ServeOptions extends CallerOptions {
  readonly port?: string
  readonly host?: string
  readonly needsKey?: boolean
  readonly rate?: string
  readonly origin?: readonly string[]
}

/** As flagd's own OFREP port. */
const usualPort = 8016

export async function serve(store: FlagReader, options: ServeOptions, door: Door): Promise<number> {
  const { serveFlags } = await import('../../server/index.ts')
  const stop = new AbortController()
  const leave = (): void => stop.abort(new Error('left'))
  process.on('SIGINT', leave).on('SIGTERM', leave)
  try {
    const callers = callersOf(options, door)
    const perSecond = options.rate === undefined ? undefined : positive('--rate', options.rate)
    const server = await serveFlags({
      from: store,
      host: options.host ?? '127.0.0.1',
      port: portOf(options.port, usualPort),
      callers,
      needsKey: options.needsKey ?? false,
      ...(perSecond === undefined ? {} : { rate: { perSecond, burst: perSecond * 2 } }),
      origins: options.origin ?? [],
      changed: (changed, { length }) => tell({ changed, flags: length }, `the flags changed: ${length} now`, door),
      troubled: (problem) => tellTrouble(problem, door),
    }).catch((error: unknown) => Promise.reject(notListening(error)))
    tellStart(server, callers, door)
    tellDoubts(callers, server.flags(), options.host, door)
    if (!stop.signal.aborted)
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }))
    await server.close()
    return 0
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave)
  }
}

function tellStart(server: FlagServer, callers: readonly Caller[], door: Door): void {
  const { length } = server.flags()
  const names = callers.map(({ name }) => name)
  const known = names.length === 0 ? {} : { callers: names }
  const text = `serving ${length} flags at ${server.url}${names.length === 0 ? '' : ` to ${names.join(', ')}`}`
  tell({ serving: server.url, flags: length, ...known }, text, door)
}

function tell(json: object, text: string, door: Door): void {
  door.out(door.json ? `${JSON.stringify(json)}\n` : `${text}\n`)
}

function tellTrouble(problem: string | undefined, door: Door): void {
  if (door.json) door.out(`${JSON.stringify({ problem: problem ?? null })}\n`)
  else if (problem === undefined) door.err('the flags can be read again\n')
  else door.err(`${problem}; the last good flags are served\n`)
}

function tellDoubts(callers: readonly Caller[], flags: readonly string[], host: string | undefined, door: Door): void {
  if (callers.length === 0 && host !== undefined && !/^(127\.|::1$|localhost$)/.test(host))
    door.err('anybody who reaches this address may ask: name tokens with `--tokens` or `--callers`\n')
  for (const { name, flags: globs = [] } of callers)
    for (const glob of globs)
      if (!flags.some((flag) => matchesAny(flag, [glob]))) door.err(`"${glob}" of "${name}" names no flag now\n`)
}

/** A real HAProxy on loopback, in a temporary folder: started, reloaded, restarted, killed, and stopped by its own process id. Ends with its starter. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChangeoverError } from '../core/errors.ts'
import { bindToOwner } from './bound.ts'
import { type Found, programOf } from './debian.ts'
import { freePort } from './ports.ts'

/** Where the pieces of one server are. `port` is free for its frontend. */
export interface HaproxyPlace {
  readonly folder: string
  readonly socket: string
  readonly stateFile: string
  readonly port: number
}

/** A real HAProxy that runs. */
export interface HaproxyServer extends HaproxyPlace {
  /** Of the process that listens now. */
  pid(): number
  /** A new process takes over the listening sockets; the old one ends when it has answered all. */
  reload(): Promise<void>
  /** Ends it, at once where asked, and starts it again. */
  restart(signal?: 'SIGUSR1' | 'SIGKILL'): Promise<void>
  /** Ends it without starting it again. */
  halt(): Promise<void>
  stop(): Promise<void>
}

/** What `startHaproxy` is given. */
export interface HaproxyOptions {
  /** Sections after `defaults`: frontends and backends. */
  readonly sections: (place: HaproxyPlace) => string
  /** Lines of `global`, besides the socket and the state file. */
  readonly global?: (place: HaproxyPlace) => string
  /** Files written before it starts, by path. */
  readonly files?: (place: HaproxyPlace) => { readonly [path: string]: string }
  readonly threads?: number
  /** Of the runtime socket; "admin" unless something else is asked for. */
  readonly level?: 'user' | 'operator' | 'admin'
}

/** The program, or why there is none. */
export function haproxySource(): Found {
  return programOf('haproxy', 'haproxy')
}

/** Starts HAProxy in a folder of its own. Throws `target.unreachable` where there is none or it refuses its configuration. */
export async function startHaproxy(options: HaproxyOptions): Promise<HaproxyServer> {
  const source = haproxySource()
  if ('missing' in source)
    throw new ChangeoverError(
      'target.unreachable',
      `no HAProxy to start: ${source.missing}`,
      'install the package haproxy',
    )
  const folder = mkdtempSync(join(tmpdir(), 'changeover-haproxy-'))
  const place = {
    folder,
    socket: join(folder, 'admin.sock'),
    stateFile: join(folder, 'server-state'),
    port: await freePort(),
  }
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, configurationOf(place, options))
  writeFileSync(place.stateFile, '')
  for (const [path, text] of Object.entries(options.files?.(place) ?? {})) writeFileSync(path, text)
  const run = (...more: readonly string[]) => launch(source.path, ['-db', '-f', file, ...more], place)
  let child = await run().catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  const old: ChildProcess[] = []
  const halt = async (signal: 'SIGUSR1' | 'SIGTERM' | 'SIGKILL') => {
    await end(child, signal)
    rmSync(place.socket, { force: true })
  }
  return {
    ...place,
    pid: () => child.pid!,
    reload: async () => {
      old.push(child)
      child = await run('-sf', String(child.pid), '-x', place.socket)
    },
    restart: async (signal = 'SIGUSR1') => {
      await halt(signal)
      child = await run()
    },
    halt: () => halt('SIGTERM'),
    stop: async () => {
      for (const each of [...old, child]) await end(each, 'SIGTERM')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function configurationOf(place: HaproxyPlace, options: HaproxyOptions): string {
  return `global
    stats socket ${place.socket} mode 600 level ${options.level ?? 'admin'} expose-fd listeners
    server-state-file ${place.stateFile}
    nbthread ${options.threads ?? 1}
    maxconn 4000
    hard-stop-after 5s
${options.global?.(place) ?? ''}
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    load-server-state-from-file global
${options.sections(place)}
`
}

/** Returns when the socket of the new process answers with its process id. */
async function launch(
  program: string,
  args: readonly string[],
  { folder, socket }: HaproxyPlace,
): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  bindToOwner(child, folder)
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (log += text))
  const until = Date.now() + 60_000
  while (!(await answers(socket, child.pid!))) {
    if (child.exitCode !== null || Date.now() > until)
      throw new ChangeoverError('target.unreachable', `HAProxy did not start: ${log.trim()}`, 'read the lines above')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return child
}

async function answers(socket: string, pid: number): Promise<boolean> {
  if (!existsSync(socket)) return false
  return new Promise((resolve) => {
    let text = ''
    const client = connect({ path: socket })
    client.on('error', () => resolve(false))
    client.on('data', (part: Buffer) => (text += part.toString()))
    client.on('close', () => resolve(text.includes(`Pid: ${pid}\n`)))
    client.write('show info\n')
  })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  const late = setTimeout(() => child.kill('SIGKILL'), 8000)
  await ended
  clearTimeout(late)
}

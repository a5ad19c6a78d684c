/** A real nginx on loopback, in a temporary folder, as the account that runs the tests. Stopped by its own process id, and ends with its starter. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChangeoverError } from '../core/errors.ts'
import { bindToOwner } from './bound.ts'
import { type Found, programOf } from './debian.ts'
import { freePort } from './ports.ts'

/** Where an nginx keeps what is its own, known before it starts. */
export interface NginxPlace {
  readonly folder: string
  readonly pidFile: string
  readonly port: number
  /** nginx with the arguments that name its configuration. */
  readonly command: readonly string[]
}

/** A real nginx that runs. */
export interface NginxServer extends NginxPlace {
  readonly pid: number
  stop(): Promise<void>
}

/** What `startNginx` is given. */
export interface NginxOptions {
  /** What stands in `http`. */
  readonly http: (place: NginxPlace) => string
  /** Files written before it starts, by path. */
  readonly files?: (place: NginxPlace) => { readonly [path: string]: string }
}

/** The program, or why there is none. */
export function nginxSource(): Found {
  return programOf('nginx', 'nginx-light')
}

/** Starts nginx in a folder of its own. Throws `target.unreachable` where there is none or it refuses its configuration. */
export async function startNginx(options: NginxOptions): Promise<NginxServer> {
  const source = nginxSource()
  if ('missing' in source)
    throw new ChangeoverError(
      'target.unreachable',
      `no nginx to start: ${source.missing}`,
      'install the package nginx-light',
    )
  const folder = mkdtempSync(join(tmpdir(), 'changeover-nginx-'))
  const file = join(folder, 'nginx.conf')
  const place = {
    folder,
    pidFile: join(folder, 'nginx.pid'),
    port: await freePort(),
    command: [source.path, '-p', folder, '-c', file, '-e', join(folder, 'error.log')],
  }
  mkdirSync(join(folder, 'temp'))
  writeFileSync(file, configurationOf(place, options))
  for (const [path, text] of Object.entries(options.files?.(place) ?? {})) writeFileSync(path, text)
  const child = spawn(place.command[0]!, [...place.command.slice(1), '-g', 'daemon off;'], { stdio: 'ignore' })
  bindToOwner(child, folder)
  await ready(child, place)
  return {
    ...place,
    pid: child.pid!,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function configurationOf(place: NginxPlace, options: NginxOptions): string {
  // Started by root, workers would be another account, which cannot read the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path temp/${each};`)
  return `${user}
worker_processes 1;
pid ${place.pidFile};
error_log error.log warn;
events { worker_connections 512; }
http {
  access_log off;
  ${temp.join(' ')}
${options.http(place)}
}
`
}

async function ready(child: ChildProcess, place: NginxPlace): Promise<void> {
  const until = Date.now() + 60_000
  while (!(await listens(place.port))) {
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL')
      const log = readFileSync(join(place.folder, 'error.log'), 'utf8').trim()
      rmSync(place.folder, { recursive: true, force: true })
      throw new ChangeoverError('target.unreachable', `nginx did not start: ${log}`, 'read the lines above')
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

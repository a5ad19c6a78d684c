/** A whole NeonHub in a folder of its own: database, belongings and the programs that make it run. Knows nothing of Changeover. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { freePorts } from 'changeover/testing'
import { ownedBy } from '../stage/owner.ts'
import { type Secrets, writeBelongings } from './belongings.ts'
import { type V4Node, v4Nodes } from './parts.ts'
import { type Program, startProgram, stopProgram, pidOf } from '../stage/background.ts'
import { fillV3, type Rows, rowsFor } from './v3/fill.ts'

const here = import.meta.dirname
const project = join(here, '..', '..')

export type ProgramName = 'coordinator' | 'v3' | V4Node | 'gateway' | 'clients'
export type PortName = ProgramName | 'gatewayControl'

export interface Paths {
  readonly config: string
  readonly configFile: string
  /** What v4 reads: another file, so that v3 can be started from its own at any time. */
  readonly v4ConfigFile: string
  readonly env: string
  readonly certs: string
  readonly data: string
  readonly logs: string
  /** What the clients write: `stats.jsonl`, `failures.jsonl`, `ledger.json`, `summary.json`. */
  readonly clients: string
  readonly state: string
}

export interface NeonHub {
  readonly folder: string
  readonly url: string
  readonly rows: Rows
  readonly ports: Readonly<Record<PortName, number>>
  readonly paths: Paths
  readonly secrets: Secrets
  readonly programs: Readonly<Record<ProgramName, Program>>
  readonly owner: number | undefined
  /** Starts it unless it runs, whoever started it, and waits until its health answers 200 (v4 without its schema never does). */
  start(name: ProgramName): Promise<void>
  /** Asks it to end, waits, and kills it after 15 s, whoever started it. Not running is no error. */
  stop(name: ProgramName): Promise<void>
  /** The clients first. */
  stopAll(): Promise<void>
  pid(name: ProgramName): number | undefined
}

export interface SystemOptions {
  readonly folder: string
  /** The database to make; its server must be there, the database must not, or be empty. */
  readonly url: string
  /** Users; models follow. 100,000 unless told otherwise. */
  readonly rows?: number
  readonly ports?: Partial<Record<PortName, number>>
  /** Requests a second of all clients together. */
  readonly rate?: number
  /** When the v4 client works; see `Phase`. */
  readonly v4Phase?: 'off' | 'on' | 'auto'
  /** The process without which nothing of this system goes on: for one that is put up for a while. */
  readonly owner?: number
}

const portNames: readonly PortName[] = ['coordinator', 'v3', ...v4Nodes, 'gateway', 'clients', 'gatewayControl']

/** Makes database, schema, rows and files. Starts nothing. */
export async function buildSystem(given: SystemOptions): Promise<NeonHub> {
  mkdirSync(given.folder, { recursive: true })
  const rows = rowsFor(given.rows ?? 100_000)
  await createDatabase(given.url)
  await fillV3(given.url, rows)
  const free = await freePorts(portNames.length)
  const ports = Object.fromEntries(
    portNames.map((name, index) => [name, given.ports?.[name] ?? free[index]!]),
  ) as Record<PortName, number>
  const secrets = writeBelongings({ folder: given.folder, url: given.url, port: ports.v3 })
  const paths = pathsIn(given.folder)
  for (const folder of [paths.logs, paths.clients, paths.state]) mkdirSync(folder, { recursive: true })
  const settled = { ...given, url: given.url, rows, ports, secrets }
  writeFileSync(join(paths.state, 'system.json'), JSON.stringify(settled), { mode: 0o600 })
  return assemble(settled)
}

/** The system that `buildSystem` made in this folder, running or not: for another process, or after a crash. */
export function openSystem(folder: string): NeonHub {
  return assemble(JSON.parse(readFileSync(join(pathsIn(folder).state, 'system.json'), 'utf8')) as Settled)
}

type Settled = Omit<SystemOptions, 'rows' | 'ports'> & Pick<NeonHub, 'rows' | 'ports' | 'secrets'>

function assemble(settled: Settled): NeonHub {
  const { folder, url, rows, ports, secrets } = settled
  const paths = pathsIn(folder)
  const programs = programsOf(settled, paths)
  const stop = (name: ProgramName): Promise<void> => stopProgram(programs[name])
  return {
    folder,
    url,
    rows,
    ports,
    paths,
    secrets,
    programs,
    owner: settled.owner,
    stop,
    // new clients must not invent the emails of those before them
    start: (name) => startProgram(programs[name], name === 'clients' ? ['--tag', Date.now().toString(36)] : []),
    stopAll: async () => {
      for (const name of ['clients', 'gateway', ...v4Nodes, 'v3', 'coordinator'] as const) await stop(name)
    },
    pid: (name) => pidOf(programs[name]),
  }
}

function pathsIn(folder: string): Paths {
  const config = join(folder, 'config')
  return {
    config,
    configFile: join(config, 'neonhub.yml'),
    v4ConfigFile: join(config, 'neonhub.v4.yml'),
    env: join(config, '.env'),
    certs: join(config, 'certs'),
    data: join(folder, 'data'),
    logs: join(folder, 'logs'),
    clients: join(folder, 'clients'),
    state: join(folder, 'state'),
  }
}

function programsOf({ rows, ports, secrets, ...given }: Settled, paths: Paths): Record<ProgramName, Program> {
  const at = (port: PortName): string => `http://127.0.0.1:${ports[port]}`
  const program = (
    name: ProgramName,
    file: string,
    health: string,
    args: Record<string, string | number>,
    environment = {},
  ): Program => ({
    name,
    command: [
      process.execPath,
      '--import',
      'jiti/register',
      join(here, file),
      ...Object.entries(args).flatMap(([key, value]) => [`--${key}`, String(value)]),
    ],
    folder: project,
    environment: { ...environment, ...ownedBy(given.owner) },
    health,
    log: join(paths.logs, `${name}.log`),
    pidFile: join(paths.state, `${name}.pid`),
  })
  const v4 = (node: V4Node): Program =>
    program(node, 'v4/service.ts', `${at(node)}/api/v1/health`, {
      config: paths.v4ConfigFile,
      instead: paths.configFile,
      port: ports[node],
    })
  const token = { FEDERATION_TOKEN: secrets.FEDERATION_TOKEN }
  const sized = { users: rows.users, models: rows.models, rate: given.rate ?? 150, 'v4-phase': given.v4Phase ?? 'off' }
  return {
    coordinator: program(
      'coordinator',
      'federation/coordinator.ts',
      `${at('coordinator')}/api/v1/federation/health`,
      { port: ports.coordinator, state: join(paths.state, 'coordinator.json') },
      token,
    ),
    v3: program('v3', 'v3/service.ts', `${at('v3')}/api/v3/health`, { config: paths.configFile, port: ports.v3 }),
    v4: v4('v4'),
    'v4-2': v4('v4-2'),
    'v4-3': v4('v4-3'),
    gateway: program(
      'gateway',
      'gateway.ts',
      `${at('gatewayControl')}/health`,
      {
        port: ports.gateway,
        'control-port': ports.gatewayControl,
        v3: at('v3'),
        v4: v4Nodes.map(at).join(','),
        state: join(paths.state, 'gateway.json'),
      },
      { GATEWAY_TOKEN: secrets.GATEWAY_TOKEN },
    ),
    clients: program('clients', 'clients.ts', `${at('clients')}/phase`, {
      gateway: at('gateway'),
      'control-port': ports.clients,
      out: paths.clients,
      ...sized,
    }),
  }
}

async function createDatabase(url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1))
  const server = new URL(url)
  server.pathname = '/postgres'
  const client = new pg.Client({ connectionString: server.href })
  await client.connect()
  try {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}

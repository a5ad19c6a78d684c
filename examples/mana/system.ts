/** A whole Mana in a folder of its own: peers, a node in each of three environments, and their clients. Knows nothing of a plan. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { newFlag } from '../../src/flags/index.ts'
import { type Program, startProgram, stopProgram } from '../stage/background.ts'
import { buildPrograms } from '../stage/build.ts'
import { freePorts } from 'changeover/testing'
import { ownedBy } from '../stage/owner.ts'
import type { Wanted } from './clients.ts'
import type { Fault } from './faults.ts'
import { type Environment, environments, flagNames, type Modules, serviceName, serviceWords } from './service-words.ts'

const peerCount = 3
/** A chain that is longer than any run: a block each 100 ms. */
const chain = { blocks: 3_000, perBlock: 2, blockMs: 100 } as const

export interface Mana {
  readonly home: string
  /** The folder of the programs as they were built. */
  readonly programs: string
  readonly owner: number
  readonly ports: { readonly [environment in Environment]: number } & { readonly clients: number }
  readonly peers: readonly string[]
  /** What is wrong with v2 in production. */
  readonly fault: Fault | null
  /** Peers, a node with v1 alone in each environment, and the clients. */
  start(): Promise<void>
  /** Whatever runs, whoever started it; the clients first. */
  stopAll(): Promise<void>
}

/** Requests a second; senders. Enough that ten of a hundred are evidence within seconds. */
const pace: { readonly [environment in Environment]: Pick<Wanted, 'rate' | 'senders'> } = {
  test: { rate: 150, senders: 100 },
  staging: { rate: 80, senders: 100 },
  production: { rate: 150, senders: 100 },
}

/** Builds the programs where they are not, makes folders and flags. Every program ends when `owner` does. */
export async function buildSystem(home: string, owner: number, fault: Fault | null): Promise<Mana> {
  for (const folder of ['flags', 'state', 'logs', 'backups']) mkdirSync(join(home, folder), { recursive: true })
  const flags = Object.fromEntries(Object.values(flagNames).map((name) => [name, newFlag()]))
  for (const environment of environments)
    writeFileSync(join(home, 'flags', `${environment}.json`), `${JSON.stringify({ flags }, null, 2)}\n`)
  const [test = 0, staging = 0, production = 0, clients = 0, ...peerPorts] = await freePorts(4 + peerCount)
  const ports = { test, staging, production, clients }
  const peers = peerPorts.map((port) => `http://127.0.0.1:${port}`)
  const built = await buildPrograms<'service' | 'peer' | 'clients'>('mana')
  const programs = dirname(built('service'))
  const program = programsOf(home, owner)
  const peerPrograms = peerPorts.map((port, index) =>
    program(`peer-${index + 1}`, [built('peer'), ...peerWords(port)], `${peers[index]}/head`),
  )
  const node = (environment: Environment, modules: Modules): Program => {
    const fault_ = environment === 'production' ? (fault ?? 'none') : 'none'
    const place = { home, programs, port: String(ports[environment]), peers: peers.join(), fault: fault_ }
    const name = serviceName(environment, modules)
    return program(name, serviceWords(environment, modules, place), `http://127.0.0.1:${ports[environment]}/head`)
  }
  const crowd = program('clients', [built('clients'), ...clientWords(ports)], `http://127.0.0.1:${clients}/stats`)
  return {
    home,
    programs,
    owner,
    ports,
    peers,
    fault,
    start: async () => {
      await Promise.all(peerPrograms.map((peer) => startProgram(peer)))
      await Promise.all(environments.map((environment) => startProgram(node(environment, 'v1'))))
      await startProgram(crowd)
    },
    stopAll: async () => {
      await stopProgram(crowd)
      const nodes = environments.flatMap((each) =>
        (['v1', 'both', 'v2'] as const).map((modules) => node(each, modules)),
      )
      await Promise.all([...nodes, ...peerPrograms].map((each) => stopProgram(each)))
    },
  }
}

function programsOf(home: string, owner: number) {
  return (name: string, words: readonly string[], health: string): Program => ({
    name,
    command: [process.execPath, ...words],
    folder: home,
    environment: ownedBy(owner),
    health,
    log: join(home, 'logs', `${name}.log`),
    pidFile: join(home, 'state', `${name}.pid`),
  })
}

function wordsOf(given: { readonly [name: string]: string | number }): readonly string[] {
  return Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)])
}

function peerWords(port: number): readonly string[] {
  return wordsOf({ port, blocks: chain.blocks, 'per-block': chain.perBlock, 'block-ms': chain.blockMs })
}

function clientWords(ports: Mana['ports']): readonly string[] {
  const nodes = environments.map((node): Wanted => ({ node, url: `http://127.0.0.1:${ports[node]}`, ...pace[node] }))
  return wordsOf({ port: ports.clients, tag: 'run', nodes: JSON.stringify(nodes) })
}

/** A whole fleet in a folder of its own: v1 nodes, the fault proxy, the load, and the door of the tools around it. Knows nothing of a plan. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newFlag } from '../../src/flags/index.ts'
import { type Program, startProgram, stopProgram } from '../stage/background.ts'
import { freePorts } from 'changeover/testing'
import { buildPrograms } from './build.ts'
import { type Commuter, startCommuter } from './commuter.ts'
import { makeFar } from './distance.ts'
import { type Door, openDoor } from './door.ts'
import { groupsOf, nodeNames, writeKey } from './fleet-files.ts'
import {
  fleetFile,
  logFile,
  type NodeAddress,
  nodeWords,
  pidFile,
  placeIn,
  readInventory,
  settingsFile,
} from './inventory.ts'
import { newSettings } from './node/setting-rules.ts'
import { features, type Version } from './wire/features.ts'

const groupSize = 4
/** 4 KiB each. */
const machinePages = 128
const machinesPerNode = 2
/** Operations a second, and what they are: many moves, so that pages flow. */
const work = { rate: 30, mix: 'migrate=3,read=5,propose=3,note=1' } as const
/** Of v1 and v3 alike: so few known pages that they are all in use long before the run is over. */
const settings = newSettings({ 'hde.max_baselines': 512 })

export interface Site {
  readonly home: string
  readonly nodes: readonly NodeAddress[]
  readonly proxy: string
  readonly load: string
  readonly door: Door
  /** Paths of the programs, as they are started. */
  readonly programs: (name: 'node' | 'downgrade') => string
  /** v1 everywhere, machines on it, and the load. */
  start(): Promise<void>
  /** Whatever runs, whoever started it; the load first. */
  stopAll(): Promise<void>
}

export async function buildSite(home: string, count: number): Promise<Site> {
  for (const folder of ['config', 'keys', 'state', 'run', 'logs', 'backups', 'exports'])
    mkdirSync(join(home, folder), { recursive: true })
  const programs = await buildPrograms()
  const ports = await freePorts(2 * count + 2)
  writeFiles(home, count, ports)
  const { nodes } = readInventory(home)
  const [proxyPort = 0, loadPort = 0] = ports.slice(2 * count)
  const [proxy, load] = [proxyPort, loadPort].map((port) => `http://127.0.0.1:${port}`) as [string, string]
  const names = nodes.map(({ id }) => id)
  const door = await openDoor({ home, nodes, load: `${load}/metrics`, placeOf: placeIn(names) })
  const start = (name: string, words: readonly string[], health: string): Program => ({
    name,
    command: [process.execPath, ...words],
    folder: home,
    environment: {},
    health,
    log: join(home, 'logs', `${name}.log`),
    pidFile: join(home, 'run', `${name}.pid`),
  })
  const owner = ['--fleet', fleetFile(home), '--owner', String(process.pid)]
  const node = (each: NodeAddress, version: Version): Program => {
    const words = nodeWords(each, { home, program: programs('node'), version, owner: String(process.pid) })
    const program = start(each.id, words, `${each.admin}/status`)
    return { ...program, log: logFile(home, each.id), pidFile: pidFile(home, each.id, version) }
  }
  const faultProxy = start(
    'fault-proxy',
    [programs('fault-proxy'), ...owner, '--port', `${proxyPort}`],
    `${proxy}/links`,
  )
  const loadWords = [programs('load'), ...owner, '--port', `${loadPort}`, '--rate', `${work.rate}`, '--mix', work.mix]
  let commuter: Commuter | null = null
  const crowd = start('load', loadWords, `${load}/figures`)
  return {
    home,
    nodes,
    proxy,
    load,
    door,
    programs,
    start: async () => {
      await startProgram(faultProxy)
      await makeFar(proxy, names)
      await inTurns(nodes, 4, (each) => startProgram(node(each, 'v1')))
      await Promise.all(nodes.map(({ admin }) => healthy(admin)))
      await createMachines(nodes)
      await startProgram(crowd)
      commuter = startCommuter(nodes.slice(0, -1), nodes.at(-1)!)
    },
    stopAll: async () => {
      await commuter?.stop()
      await stopProgram(crowd)
      await Promise.all(nodes.flatMap((each) => [stopProgram(node(each, 'v3')), stopProgram(node(each, 'v1'))]))
      await stopProgram(faultProxy)
      await door.stop()
    },
  }
}

function writeFiles(home: string, count: number, ports: readonly number[]): void {
  const ids = nodeNames(count)
  const nodes = ids.map((id, at) => {
    const publicKey = writeKey(join(home, 'keys', `${id}.key`))
    const [port, admin] = [ports[2 * at], ports[2 * at + 1]]
    return [
      id,
      {
        address: `127.0.0.1:${port}`,
        admin: `http://127.0.0.1:${admin}`,
        publicKey,
        zone: at === count - 1 ? 'far' : 'near',
      },
    ] as const
  })
  const write = (path: string, value: object) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
  write(fleetFile(home), { nodes: Object.fromEntries(nodes), groups: groupsOf(ids, groupSize) })
  write(join(home, 'config', 'flags.json'), { flags: Object.fromEntries(features.map((name) => [name, newFlag()])) })
  write(settingsFile(home), settings)
}

async function createMachines(nodes: readonly NodeAddress[]): Promise<void> {
  const machines = Array.from({ length: nodes.length * machinesPerNode }, (_, at) => at)
  await inTurns(machines, 4, async (at) => {
    const { admin } = nodes[at % nodes.length]!
    const body = { id: `m${String(at + 1).padStart(3, '0')}`, seed: 1_000 + at, pages: machinePages }
    const answer = await fetch(`${admin}/machines`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`machine "${body.id}" could not be made: ${answer.status} ${await answer.text()}`)
    await answer.arrayBuffer()
  })
}

/** Until its groups have leaders. */
async function healthy(admin: string): Promise<void> {
  for (const until = Date.now() + 30_000; Date.now() < until;) {
    const answer = await fetch(`${admin}/health`).catch(() => null)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${admin} is not healthy after 30 s`)
}

async function inTurns<T>(all: readonly T[], atOnce: number, run: (each: T) => Promise<void>): Promise<void> {
  const waiting = [...all]
  const worker = async (): Promise<void> => {
    while (waiting.length > 0) await run(waiting.shift()!)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

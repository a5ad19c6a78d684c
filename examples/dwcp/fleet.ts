/** A whole fleet of node processes: started, written down for each other, questioned, killed, ended. For drivers and tests. */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildPrograms } from './build.ts'
import { expectedHash } from './machine/machine.ts'
import type { FleetFile } from './node/fleet-file.ts'
import { newSettings } from './node/setting-rules.ts'
import type { Fault } from './node/faults.ts'
import type { Version } from './wire/features.ts'

export interface FleetOptions {
  /** Everything the fleet writes is in there. */
  readonly folder: string
  readonly nodes: number
  /** One for all, or by node. */
  readonly version: Version | ((id: string) => Version)
  /** 4 unless said: the smallest in which one may lie. */
  readonly groupSize?: number
  readonly machines?: number
  /** 4 KiB each; 128 unless said. */
  readonly pages?: number
  /** Unless said `flags.json` and `settings.json` in the folder, empty where they are not there. */
  readonly flags?: string
  readonly settings?: string
}
export interface FleetNodeProcess {
  readonly id: string
  readonly version: Version
  readonly pid: number
  /** Of its endpoints. */
  readonly url: string
  readonly port: number
  /** SIGTERM: resolves when it has ended by itself. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
}
export interface Restart {
  readonly version?: Version
  readonly fault?: Fault
  /** Put in the place of its own before it starts. */
  readonly state?: object
}
export interface Verified {
  readonly machines: number
  /** Nothing where every machine is once, where the log says, and its memory is what its program gives. */
  readonly problems: readonly string[]
}

interface Listening {
  readonly port: number
  readonly adminPort?: number
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Fleet {
  readonly folder: string
  /** The fleet file: what `load` and `fault-proxy` are given. */
  readonly file: string
  readonly flags: string
  readonly settings: string
  readonly #program: Awaited<ReturnType<typeof buildPrograms>>
  readonly #nodes = new Map<string, FleetNodeProcess>()

  private constructor(options: FleetOptions, built: Awaited<ReturnType<typeof buildPrograms>>) {
    this.folder = options.folder
    this.file = join(options.folder, 'fleet.json')
    this.flags = options.flags ?? join(options.folder, 'flags.json')
    this.settings = options.settings ?? join(options.folder, 'settings.json')
    this.#program = built
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    mkdirSync(options.folder, { recursive: true })
    const fleet = new Fleet(options, await buildPrograms())
    const ids = Array.from({ length: options.nodes }, (_, at) => `n${String(at + 1).padStart(2, '0')}`)
    fleet.#writeFiles(ids, options.groupSize ?? 4)
    const versionOf = typeof options.version === 'function' ? options.version : () => options.version as Version
    try {
      // Four at a time: more would only wait for the processors.
      const waiting = [...ids]
      const worker = async (): Promise<void> => {
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await fleet.#launch(id, versionOf(id))
      }
      await Promise.all([worker(), worker(), worker(), worker()])
      fleet.#writeAddresses()
      await fleet.#ready()
      await fleet.#createMachines(options.machines ?? 0, options.pages ?? 128)
      return fleet
    } catch (error) {
      await fleet.stop()
      throw error
    }
  }

  get nodes(): readonly FleetNodeProcess[] {
    return [...this.#nodes.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  node(id: string): FleetNodeProcess {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new RangeError(`there is no node "${id}"`)
    return node
  }
  /** The fleet file as it is now. */
  read(): FleetFile {
    return JSON.parse(readFileSync(this.file, 'utf8')) as FleetFile
  }
  stateFile(id: string): string {
    return join(this.folder, `${id}.state.json`)
  }

  async get<T>(id: string, path: string): Promise<T> {
    return (await this.#call(id, path)) as T
  }
  async post<T>(id: string, path: string, body: object = {}): Promise<T> {
    return (await this.#call(id, path, { method: 'POST', body: JSON.stringify(body) })) as T
  }

  /** Ends the node where it still runs, and starts it again on the same ports. A fault lasts until the next start. */
  async restart(id: string, { version, fault, state }: Restart = {}): Promise<FleetNodeProcess> {
    const before = this.node(id)
    await before.stop()
    if (state !== undefined) writeFileSync(this.stateFile(id), JSON.stringify(state))
    const node = await this.#launch(id, version ?? before.version, before, fault)
    this.#writeAddresses()
    return node
  }

  /** Ask each machine's owner, and run its program again. Machines that move meanwhile are asked for again. */
  async verify(): Promise<Verified> {
    const placements = new Map<string, { readonly owner: string; readonly generation: number }>()
    for (const { id } of this.nodes)
      for (const each of (await this.get<{ items: Placed[] }>(id, '/placements')).items)
        if ((placements.get(each.machine)?.generation ?? 0) < each.generation) placements.set(each.machine, each)
    const problems = await Promise.all([...placements.keys()].map((machine) => this.#problemOf(machine)))
    return { machines: placements.size, problems: problems.filter((each) => each !== null) }
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }

  async #problemOf(machine: string): Promise<string | null> {
    let problem: string | null = null
    for (let turn = 0; turn < 20; turn++) {
      const found = await Promise.all(
        this.nodes.map(async ({ id }) => ({
          id,
          held: await this.get<Shown>(id, `/machines/${machine}`).catch(() => null),
        })),
      )
      const running = found.filter(({ held }) => held?.running)
      const [one] = running
      if (one?.held === null || one === undefined || running.length !== 1)
        problem = `machine "${machine}" runs on ${running.length} nodes`
      else if (expectedHash(machine, one.held.seed, one.held.pages, one.held.steps) !== one.held.hash)
        return `machine "${machine}" on "${one.id}" has other memory than its program gives in ${one.held.steps} steps`
      else return null
      await pause(100)
    }
    return problem
  }

  async #call(id: string, path: string, init: RequestInit = {}): Promise<unknown> {
    const answer = await fetch(`${this.node(id).url}${path}`, {
      ...init,
      // A kept connection may be closed by a node just when it is used again.
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(20_000),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${id} ${path} answered ${answer.status}: ${text}`)
    return text.startsWith('{') ? JSON.parse(text) : text
  }

  /** On the ports of `before`, so that nobody has to look for it anew. */
  async #launch(id: string, version: Version, before?: FleetNodeProcess, fault?: Fault): Promise<FleetNodeProcess> {
    const adminPort = before === undefined ? '0' : new URL(before.url).port
    const args = ['--id', id, '--version', version, '--fleet', this.file, '--owner', `${process.pid}`]
    args.push('--port', `${before?.port ?? 0}`, '--admin-port', adminPort)
    args.push('--state', this.stateFile(id), '--key', join(this.folder, `${id}.key`), '--settings', this.settings)
    if (version === 'v3') args.push('--flags', this.flags)
    if (fault !== undefined) args.push('--fault', fault)
    const { child, said } = await startProgram(this.#program('node'), args)
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const end = (signal: NodeJS.Signals) => (): Promise<void> => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      return ended
    }
    const url = `http://127.0.0.1:${said.adminPort}`
    const node = { id, version, pid: child.pid ?? 0, url, port: said.port, stop: end('SIGTERM'), kill: end('SIGKILL') }
    this.#nodes.set(id, node)
    return node
  }

  /** Everything but the addresses: those are known when the nodes listen. */
  #writeFiles(ids: readonly string[], groupSize: number): void {
    const nodes = Object.fromEntries(
      ids.map((id) => {
        const { publicKey, privateKey } = generateKeyPairSync('ed25519')
        writeFileSync(join(this.folder, `${id}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
          mode: 0o600,
        })
        return [
          id,
          { address: '', admin: '', publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') },
        ]
      }),
    )
    const count = Math.max(1, Math.floor(ids.length / groupSize))
    const groups = Object.fromEntries(
      Array.from({ length: count }, (_, at) => [
        `g${at + 1}`,
        ids.filter((_id, place) => Math.min(count - 1, Math.floor(place / groupSize)) === at),
      ]),
    )
    this.write({ nodes, groups })
    for (const [path, empty] of [
      [this.flags, '{ "flags": {} }'],
      [this.settings, JSON.stringify(newSettings())],
    ] as const)
      try {
        writeFileSync(path, empty, { flag: 'wx' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
  }

  write(file: FleetFile): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(file, null, 2))
    renameSync(`${this.file}.new`, this.file)
  }

  #writeAddresses(): void {
    const file = this.read()
    const nodes = Object.fromEntries(
      Object.entries(file.nodes).map(([id, node]) => {
        const process = this.#nodes.get(id)
        return [
          id,
          process === undefined ? node : { ...node, address: `127.0.0.1:${process.port}`, admin: process.url },
        ]
      }),
    )
    this.write({ ...file, nodes })
  }

  /** Every group has a leader. */
  async #ready(): Promise<void> {
    for (let turn = 0; turn < 100; turn++) {
      const healthy = await Promise.all(
        this.nodes.map(({ url }) =>
          fetch(`${url}/health`).then(
            (answer) => answer.ok,
            () => false,
          ),
        ),
      )
      if (healthy.every(Boolean)) return
      await pause(100)
    }
    throw new Error('the groups of the fleet have found no leaders in 10 s')
  }

  async #createMachines(count: number, pages: number): Promise<void> {
    const all = this.nodes
    const waiting = Array.from({ length: count }, (_, at) => at)
    const worker = async (): Promise<void> => {
      for (let at = waiting.shift(); at !== undefined; at = waiting.shift())
        await this.post(all[at % all.length]?.id ?? '', '/machines', {
          id: `m${String(at + 1).padStart(3, '0')}`,
          seed: 1_000 + at,
          pages,
        })
    }
    await Promise.all([worker(), worker(), worker(), worker()])
  }
}

interface Placed {
  readonly machine: string
  readonly owner: string
  readonly generation: number
}
interface Shown {
  readonly seed: number
  readonly pages: number
  readonly steps: number
  readonly hash: string
  readonly running: boolean
}

/** Starts one of the built programs, and waits for its first line. */
export function startProgram(
  path: string,
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly said: Listening }> {
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let trouble = ''
  child.stderr.on('data', (bytes: Buffer) => (trouble = `${trouble}${bytes.toString()}`.slice(-2_000)))
  return new Promise((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => {
      child.stdout.resume()
      resolve({ child, said: JSON.parse(line) as Listening })
    })
    child.once('exit', (code) => reject(new Error(`${path} ended with ${code}: ${trouble}`)))
  })
}

export const startFleet = (options: FleetOptions): Promise<Fleet> => Fleet.start(options)

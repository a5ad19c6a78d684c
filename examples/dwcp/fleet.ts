/** A whole fleet of node processes: started, written down for each other, questioned, killed, ended. For drivers and tests. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildPrograms } from './build.ts'
import { groupsOf, nodeNames, writeKey } from './fleet-files.ts'
import type { FleetFile } from './node/fleet-file.ts'
import { newSettings } from './node/setting-rules.ts'
import type { Fault } from './node/faults.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { type Verified, verifyFleet } from './verify.ts'
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
export interface Restart {
  readonly version?: Version
  readonly fault?: Fault
  /** Put in the place of its own before it starts. */
  readonly state?: object
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Fleet {
  readonly folder: string
  /** The fleet file: what `load` and `fault-proxy` are given. */
  readonly file: string
  readonly flags: string
  readonly settings: string
  readonly #program: Awaited<ReturnType<typeof buildPrograms>>
  readonly #nodes = new Map<string, NodeProcess>()

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
    const ids = nodeNames(options.nodes)
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

  get nodes(): readonly NodeProcess[] {
    return [...this.#nodes.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  node(id: string): NodeProcess {
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
  async restart(id: string, { version, fault, state }: Restart = {}): Promise<NodeProcess> {
    const before = this.node(id)
    await before.stop()
    if (state !== undefined) writeFileSync(this.stateFile(id), JSON.stringify(state))
    const node = await this.#launch(id, version ?? before.version, before, fault)
    this.#writeAddresses()
    return node
  }

  verify(): Promise<Verified> {
    return verifyFleet(this.nodes)
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
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
  async #launch(id: string, version: Version, before?: NodeProcess, fault?: Fault): Promise<NodeProcess> {
    const node = await startNode(
      this.#program('node'),
      { id, version },
      {
        fleet: this.file,
        port: String(before?.port ?? 0),
        'admin-port': before === undefined ? '0' : new URL(before.url).port,
        state: this.stateFile(id),
        key: join(this.folder, `${id}.key`),
        settings: this.settings,
        flags: version === 'v3' ? this.flags : undefined,
        fault,
      },
    )
    this.#nodes.set(id, node)
    return node
  }

  /** Everything but the addresses: those are known when the nodes listen. */
  #writeFiles(ids: readonly string[], groupSize: number): void {
    const nodes = Object.fromEntries(
      ids.map((id) => [id, { address: '', admin: '', publicKey: writeKey(join(this.folder, `${id}.key`)) }]),
    )
    this.write({ nodes, groups: groupsOf(ids, groupSize) })
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
    for (let turn = 0; turn < 600; turn++) {
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
    throw new Error('the groups of the fleet have found no leaders in a minute')
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

export const startFleet = (options: FleetOptions): Promise<Fleet> => Fleet.start(options)

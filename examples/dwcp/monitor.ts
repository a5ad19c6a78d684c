/**
 * The fleet as one page of metrics: what a Prometheus with recording rules would hold. Asks every node twice a second; counters are added up over
 * nodes by what each gained since the last look, so that a node that starts anew or changes its flags leaves no dent. Judges nothing.
 */
import { Agent, request } from 'node:http'
import { readPage, type Series } from '../../src/metrics/index.ts'
import type { Place } from './inventory.ts'

/** Which nodes a total is over. `hybrid` and `plain` are near nodes with and without hybrid_mode, `ml` all with ml_compression. */
type View = 'all' | 'near' | 'far' | 'hybrid' | 'plain' | 'ml'

const everyMs = 500
const patienceMs = 1_500
/** Modes are asked for in every so many looks: a status is longer than a page. */
const modesEvery = 4
const rememberedLooks = 12
/** Shown for each node as they are. */
const byNode = /^(process_|dwcp_(feature|machines|sync_siblings|peers_up|group_algorithm|baselines)$)/
/** Not told apart in totals. */
const dropped = new Set(['node', 'version', 'mode', 'algorithm', 'group'])

interface Status {
  readonly modes: Readonly<Record<string, string>>
  readonly peers: Readonly<Record<string, { readonly latencyMs: number }>>
}
interface Seen {
  readonly series: readonly Series[]
  readonly features: ReadonlySet<string>
  /** By peer whose way was measured, whether its mode is right. */
  modes: ReadonlyMap<string, boolean>
  /** Wrong now, and at the look before: a mode takes some measurements to change. */
  wrong: number
}

export interface MonitorOptions {
  /** The address of each node's endpoints. */
  readonly nodes: Readonly<Record<string, string>>
  /** The page of the load, taken over as it is. */
  readonly load: string
  readonly placeOf: (node: string) => Place
}

export class Monitor {
  readonly #options: MonitorOptions
  readonly #agent = new Agent({ keepAlive: true })
  readonly #totals = new Map<string, number>()
  readonly #last = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  #seen: ReadonlyMap<string, Seen> = new Map()
  /** Seconds that each node's page took, of the last looks: how busy the machine is, by what no feature touches. */
  #trips: readonly number[] = []
  #load = ''
  #round = 0
  #isLooking = false

  constructor(options: MonitorOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#look(), everyMs)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#agent.destroy()
  }

  page(): string {
    const nodes = Object.keys(this.#options.nodes)
    const up = nodes.map((node) => `up{node="${node}"} ${this.#seen.has(node) ? 1 : 0}`)
    const own = [...this.#seen.values()].flatMap(({ series }) =>
      series.filter(({ name }) => byNode.test(name)).map(show),
    )
    const totals = [...this.#totals].map(([key, value]) => `${key} ${value}`)
    const sum = (of: (each: Seen) => number) => [...this.#seen.values()].reduce((all, each) => all + of(each), 0)
    const wrong = sum((each) => each.wrong)
    const right = sum((each) => each.modes.size) - wrong
    const detections = [`dwcp_detections{of="right"} ${right}`, `dwcp_detections{of="wrong"} ${wrong}`]
    const inForce = [...this.#seen].map(
      ([node, { features }]) => `dwcp_features_in_force{node="${node}"} ${features.size}`,
    )
    const machine = `machine_round_trip_seconds ${medianOf(this.#trips)}`
    return [...up, machine, ...inForce, ...own, ...totals, ...detections, this.#load, ''].join('\n')
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const withModes = this.#round++ % modesEvery === 0
    const { nodes, load } = this.#options
    const [looks, own] = await Promise.all([
      Promise.all(
        Object.entries(nodes).map(async ([node, url]) => [node, await this.#node(node, url, withModes)] as const),
      ),
      this.#get(load).catch(() => this.#load),
    ])
    this.#load = own
    const seen = new Map(looks.flatMap(([node, each]) => (each === null ? [] : [[node, each] as const])))
    for (const [node, each] of seen) this.#add(node, each)
    this.#seen = seen
    this.#isLooking = false
  }

  async #node(node: string, url: string, withModes: boolean): Promise<Seen | null> {
    try {
      const began = performance.now()
      const page = await this.#get(`${url}/metrics`)
      const trip = (performance.now() - began) / 1_000
      const series = readPage(page, false)
      this.#trips = [...this.#trips.slice(1 - rememberedLooks * Object.keys(this.#options.nodes).length), trip]
      const features = new Set(
        series.filter(({ name }) => name === 'dwcp_feature').map(({ labels }) => labels['feature'] ?? ''),
      )
      const before = this.#seen.get(node)
      if (!features.has('hybrid_mode')) return { series, features, modes: new Map(), wrong: 0 }
      if (!withModes && before !== undefined) return { ...before, series, features }
      const modes = await this.#modes(node, url)
      const wrong = [...modes].filter(([peer, isRight]) => !isRight && before?.modes.get(peer) === false).length
      return { series, features, modes, wrong }
    } catch {
      return null
    }
  }

  /** What is right is known here: the far nodes are far because the fault proxy stands before them. */
  async #modes(node: string, url: string): Promise<Seen['modes']> {
    const { modes, peers } = JSON.parse(await this.#get(`${url}/status`)) as Status
    const { placeOf } = this.#options
    const isFar = (peer: string): boolean => placeOf(peer) === 'far' || placeOf(node) === 'far'
    const measured = Object.entries(modes).filter(([peer]) => (peers[peer]?.latencyMs ?? 0) > 0)
    return new Map(measured.map(([peer, mode]) => [peer, (mode === 'internet') === isFar(peer)]))
  }

  #add(node: string, { series, features }: Seen): void {
    const views = this.#viewsOf(node, features)
    for (const { name, labels, value } of series) {
      if (!/_(total|bucket|sum|count)$/.test(name) || byNode.test(name)) continue
      const key = `${node} ${name} ${JSON.stringify(labels)}`
      const before = this.#last.get(key)
      this.#last.set(key, value)
      // Its past before the first look is not ours; that of a node that started anew is.
      const gained = before === undefined ? (this.#round <= 1 ? 0 : value) : value >= before ? value - before : value
      for (const view of views) {
        const total = nameOf(name, { ...labels, of: view })
        this.#totals.set(total, (this.#totals.get(total) ?? 0) + gained)
      }
    }
  }

  #viewsOf(node: string, features: ReadonlySet<string>): readonly View[] {
    const place = this.#options.placeOf(node)
    const side: readonly View[] = place === 'far' ? [] : [features.has('hybrid_mode') ? 'hybrid' : 'plain']
    return ['all', place, ...side, ...(features.has('ml_compression') ? (['ml'] as const) : [])]
  }

  #get(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request(url, { agent: this.#agent, timeout: patienceMs }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (more: string) => (text += more))
        answer.on('error', reject).on('end', () => resolve(text))
      })
      asked.on('timeout', () => asked.destroy(new Error('no answer'))).on('error', reject)
      asked.end()
    })
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

const nameOf = (name: string, labels: Readonly<Record<string, string>>): string =>
  `${name}{${Object.entries(labels)
    .filter(([label]) => !dropped.has(label))
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`

function show({ name, labels, value }: Series): string {
  const shown = Object.entries(labels).map(([label, each]) => `${label}="${each}"`)
  return `${name}{${shown.join(',')}} ${value}`
}

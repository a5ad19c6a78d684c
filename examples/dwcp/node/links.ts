/** This node's peers: dialled, greeted, measured, and told apart by mode. */
import type { Link } from '../links/link.ts'
import { type Mode, ModeDetector } from '../links/mode.ts'
import { Throughput } from '../links/throughput.ts'
import type { Feature, Hello } from '../wire/features.ts'
import { type Frame, frameTypes } from '../wire/frame.ts'
import { Peer } from '../wire/peer.ts'
import type { Figures } from './figures.ts'
import type { FollowedFleet } from './fleet-file.ts'
import type { Settings } from './setting-rules.ts'

export interface LinksOptions {
  readonly me: string
  readonly fleet: FollowedFleet
  readonly mine: () => Hello
  readonly settings: () => Settings
  readonly figures: Figures
  readonly happened: (name: string, details: Readonly<Record<string, unknown>>) => void
  readonly isFlapping: boolean
  readonly forget: (peer: string) => void
}
interface Known {
  readonly peer: Peer
  readonly detector: ModeDetector
  readonly throughput: Throughput
  usedAt: number
}

const measureEveryMs = 1_000
/** A measurement is the shortest of so many round trips: on a busy machine one of them waits for a processor. */
const pings = 3
/** Peers that are measured even when nothing is moved to them: the next so many by name. */
const neighbours = 4
/** So long after pages went there a peer is measured too. */
const usedMs = 30_000

export class Links {
  readonly #options: LinksOptions
  readonly #known = new Map<string, Known>()
  readonly #timer: NodeJS.Timeout

  constructor(options: LinksOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#measureAll(), measureEveryMs)
  }

  get names(): readonly string[] {
    return Object.keys(this.#options.fleet.current().nodes).filter((each) => each !== this.#options.me)
  }
  get open(): readonly (readonly [string, Known])[] {
    return [...this.#known].filter(([, { peer }]) => peer.up)
  }

  theirs(id: string): Hello | undefined {
    return this.#of(id).peer.theirs
  }
  features(id: string): readonly Feature[] {
    return this.#of(id).peer.features()
  }
  mode(id: string): Mode {
    const { settings, mine } = this.#options
    if (!mine().features.includes('hybrid_mode')) return 'datacenter'
    return settings()['amst.auto_mode'] ? this.#of(id).detector.mode : (settings()['amst.mode'] as Mode)
  }

  async ask(
    id: string,
    type: number,
    head: object,
    body?: Uint8Array,
    timeoutMs?: number,
    stream?: number,
  ): Promise<Frame> {
    const { peer } = this.#of(id)
    if (peer.theirs?.version === 'v1') this.#options.figures.asV1('link')
    return peer.ask(type, head, body, timeoutMs, stream)
  }
  async op(id: string, op: string, head: object, timeoutMs?: number): Promise<Readonly<Record<string, unknown>>> {
    return (await this.ask(id, frameTypes.ask, { op, ...head }, undefined, timeoutMs)).head
  }

  link(id: string): Link {
    const { throughput } = this.#of(id)
    this.#of(id).usedAt = performance.now()
    return {
      id,
      throughput,
      mode: () => this.mode(id),
      has: (feature) => this.features(id).includes(feature),
      streams: () =>
        this.mode(id) === 'internet' && this.features(id).includes('internet_optimization')
          ? Math.round(this.#options.settings()['amst.internet_streams'])
          : 1,
      ask: (type, head, body, stream) => this.ask(id, type, head, body, undefined, stream),
    }
  }

  /** What this node offers has changed: all who are connected hear of it. */
  greetAll(): void {
    for (const [, { peer }] of this.open) void peer.greet().catch(() => undefined)
  }

  heard(from: Hello): void {
    if (from.id in this.#options.fleet.current().nodes) this.#of(from.id).peer.heard(from)
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const { peer } of this.#known.values()) peer.close()
  }

  #of(id: string): Known {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const { me, fleet, mine, figures, happened, forget } = this.#options
    const changed = (what: 'up' | 'lost'): void => {
      happened(what === 'up' ? 'peer_up' : 'peer_lost', { peer: id })
      if (what === 'lost') {
        figures.count('dwcp_peers_lost_total')
        forget(id)
      }
    }
    const peer = new Peer({ id, address: () => fleet.addressOf(me, id), mine, changed })
    const made = { peer, detector: new ModeDetector(), throughput: new Throughput(), usedAt: -Infinity }
    this.#known.set(id, made)
    return made
  }

  #measureAll(): void {
    const names = this.names
    const after = names.findIndex((each) => each > this.#options.me)
    const near = Array.from(
      { length: Math.min(neighbours, names.length) },
      (_, at) => names[(Math.max(0, after) + at) % names.length],
    )
    const used = this.open.flatMap(([id, { usedAt }]) => (performance.now() - usedAt < usedMs ? [id] : []))
    for (const id of new Set([...near, ...used])) if (id !== undefined) void this.#measure(id).catch(() => undefined)
  }

  async #measure(id: string): Promise<void> {
    const { mine, settings, isFlapping, figures, happened } = this.#options
    let trip = Infinity
    for (let turn = 0; turn < (mine().features.includes('hybrid_mode') ? pings : 1); turn++) {
      const began = performance.now()
      await this.op(id, 'ping', {})
      trip = Math.min(trip, performance.now() - began)
    }
    const { detector } = this.#of(id)
    if (!mine().features.includes('hybrid_mode')) {
      detector.set('datacenter')
      return
    }
    const given = settings()
    const latencyMs = given['mode_detector.latency_threshold']
    const limits = {
      latencyMs,
      jitterMs: given['mode_detector.jitter_threshold'],
      samples: given['mode_detector.samples'],
    }
    // The fault: each second it believes something else, and one measurement is enough.
    const far = isFlapping && Math.floor(performance.now() / 1_000) % 2 === 0
    if (isFlapping) detector.heard(trip, { ...limits, samples: Infinity })
    const changed = isFlapping
      ? detector.mode !== (far ? 'internet' : 'datacenter') && (detector.set(far ? 'internet' : 'datacenter'), true)
      : detector.heard(trip, limits)
    if (!changed) return
    figures.count('dwcp_mode_transitions_total', { to: detector.mode })
    happened('mode_transition', {
      peer: id,
      to: detector.mode,
      latencyMs: detector.latencyMs,
      jitterMs: detector.jitterMs,
    })
  }
}

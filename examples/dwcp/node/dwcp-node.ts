/** A node put together of its parts, and taken apart again. What each part does is theirs. */
import { createPrivateKey } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { type Serving, serve } from '../../stage/http.ts'
import { Arrivals } from '../machine/arrival.ts'
import { Host } from '../machine/host.ts'
import { Baselines } from '../pages/baselines.ts'
import { codecsReady } from '../pages/codecs.ts'
import { Selector } from '../pages/selector.ts'
import { PageSender } from '../pages/sender.ts'
import { Gossip } from '../sync/gossip.ts'
import { Notes } from '../sync/notes.ts'
import type { Hello, Version } from '../wire/features.ts'
import { type Listening, listen } from '../wire/server.ts'
import { Agreement } from './agreement.ts'
import { type Fault, faultyDelay, faultyEncoding } from './faults.ts'
import { Figures } from './figures.ts'
import { type FollowedFlags, followFlags, type InForce } from './flags.ts'
import { type FollowedFleet, followFleet } from './fleet-file.ts'
import { codecsOf, handlersOf } from './handlers.ts'
import { readState, stateOf, writeState } from './keeping.ts'
import { Links } from './links.ts'
import { Moves } from './moves.ts'
import type { Happened, NodeParts } from './parts.ts'
import { routesOf } from './routes.ts'
import { type FollowedSettings, followSettings } from './settings.ts'
import { type NodeState, readMachine } from './state.ts'

export interface NodeOptions {
  readonly id: string
  readonly version: Version
  readonly fleet: string
  readonly port: number
  readonly adminPort: number
  readonly flags?: string | undefined
  readonly settings?: string | undefined
  readonly state?: string | undefined
  readonly key?: string | undefined
  readonly fault?: Fault | null
}

const rememberedEvents = 1_000
const v1Baselines = 512
const gossipMs = 500

export class DwcpNode implements NodeParts {
  readonly id: string
  readonly version: Version
  readonly fault: Fault | null
  readonly figures: Figures
  readonly notes: Notes
  readonly baselines: Baselines
  readonly selector: Selector
  readonly links: Links
  readonly agreement: Agreement
  readonly host: Host
  readonly arrivals: Arrivals
  readonly moves: Moves
  readonly #options: NodeOptions
  readonly #fleet: FollowedFleet
  readonly #flags: FollowedFlags
  readonly #settings: FollowedSettings
  readonly #gossip: Gossip
  readonly #events: Happened[] = []
  readonly #timers: NodeJS.Timeout[] = []
  #listening: Listening | null = null
  #admin: Serving | null = null

  private constructor(options: NodeOptions, kept: NodeState | null) {
    const { id, version } = options
    this.#options = options
    this.id = id
    this.version = version
    this.fault = version === 'v3' ? (options.fault ?? null) : null
    this.figures = new Figures(id, version)
    this.#fleet = followFleet(options.fleet, () => undefined)
    this.#settings = followSettings(options.settings, () => this.#happened('settings', {}))
    const { groups } = this.#fleet.current()
    const mine = Object.keys(groups).filter((group) => groups[group]?.includes(id))
    this.#flags = followFlags(version === 'v3' ? options.flags : undefined, id, mine, (now) => {
      this.#happened('flags', { ...now })
      this.links?.greetAll()
    })
    const settings = this.#settings.current
    this.baselines = new Baselines(() => (version === 'v1' ? v1Baselines : settings()['hde.max_baselines']))
    this.selector = new Selector(() => settings()['hde.selector.learning_rate'])
    this.notes = new Notes(id)
    this.links = this.#makeLinks()
    this.agreement = this.#makeAgreement(kept?.groups ?? {})
    const propose: Agreement['propose'] = (machine, entry) => this.agreement.propose(machine, entry)
    this.host = new Host({ me: id, propose, figures: this.figures })
    const { host, baselines } = this
    this.arrivals = new Arrivals({ host, baselines, codecs: codecsOf(version), propose, isClosed: this.isDraining })
    this.moves = this.#makeMoves(kept)
    this.#gossip = this.#makeGossip()
    if (kept !== null) this.#takeNotes(kept)
  }

  /** Throws where files are wrong. It answers when this returns; its machines of an earlier life come when its groups have agreed. */
  static async start(options: NodeOptions): Promise<DwcpNode> {
    await codecsReady()
    const kept = readState(options.state, options.id, options.version)
    const node = new DwcpNode(options, kept)
    const { version, host, arrivals, agreement, links } = node
    const heard = (from: Hello): void => links.heard(from)
    const handlers = handlersOf({
      version,
      host,
      arrivals,
      agreement,
      gossip: node.#gossip,
      isClosed: node.isDraining,
      heard,
    })
    const refused = (reason: string): void => node.figures.count('dwcp_refused_frames_total', { reason })
    node.#listening = await listen({
      port: options.port,
      mine: () => node.#hello(),
      acceptsV1: () => node.#settings.current()['wire.accept_v1'],
      handlers,
      refused,
    })
    node.#admin = await serve(options.adminPort, routesOf(node))
    node.#timers.push(setInterval(() => void node.#gossip.round(), gossipMs))
    void node.moves.resume()
    return node
  }

  get port(): number {
    return this.#listening?.port ?? 0
  }
  get adminPort(): number {
    return this.#admin?.port ?? 0
  }
  inForce = (): InForce => this.#flags.current()
  events = (): readonly Happened[] => this.#events
  isDraining = (): boolean => this.moves.isDraining
  state = (): NodeState => stateOf(this, this.moves.waiting)
  troubles = (): readonly string[] => [this.#flags, this.#settings, this.#fleet].flatMap((each) => each.trouble() ?? [])

  /** With a state file its machines wait in it; without one they go to others first. */
  async stop(): Promise<void> {
    if (this.#options.state === undefined && this.host.all.length > 0) await this.moves.drain()
    this.moves.stop()
    this.host.stop()
    if (this.#options.state !== undefined) writeState(this.#options.state, this.state())
    this.arrivals.stop()
    for (const timer of this.#timers) clearInterval(timer)
    for (const each of [this.#flags, this.#settings, this.#fleet, this.links, this.agreement]) each.stop()
    await this.#listening?.stop()
    await this.#admin?.stop()
  }

  #makeLinks(): Links {
    return new Links({
      me: this.id,
      fleet: this.#fleet,
      mine: () => this.#hello(),
      settings: this.#settings.current,
      figures: this.figures,
      happened: (event, details) => this.#happened(event, details),
      isFlapping: this.fault === 'flapping',
      forget: (peer) => this.#gossip?.forget(peer),
    })
  }

  #makeAgreement(imported: NodeState['groups']): Agreement {
    const { key, state } = this.#options
    const folder = state === undefined ? null : `${state}.agreement`
    if (folder !== null) mkdirSync(folder, { recursive: true })
    return new Agreement({
      me: this.id,
      version: this.version,
      fleet: this.#fleet,
      links: this.links,
      inForce: this.inForce,
      settings: this.#settings.current,
      figures: this.figures,
      key: key === undefined ? null : createPrivateKey(readFileSync(key)),
      folder,
      imported,
      happened: (event, details) => this.#happened(event, details),
    })
  }

  #makeMoves(kept: NodeState | null): Moves {
    const { id, host, links, agreement, arrivals, figures } = this
    return new Moves({
      me: id,
      host,
      links,
      agreement,
      arrivals,
      sender: this.#makeSender(),
      figures,
      placesByLoad: () => this.#has('hybrid_mode'),
      happened: (event, details) => this.#happened(event, details),
      images: kept?.machines.map(readMachine) ?? [],
    })
  }

  #makeSender(): PageSender {
    const { baselines, selector, figures, fault } = this
    return new PageSender({
      baselines,
      selector,
      figures,
      zonesTo: (peer) => this.#fleet.zonesOf(this.id, peer),
      comparesPages: () => this.version === 'v1' || this.#settings.current()['hde.enable_delta_encoding'],
      delayMs: faultyDelay(fault, () => this.#has('hybrid_mode')),
      outgoing: faultyEncoding(fault),
    })
  }

  #makeGossip(): Gossip {
    return new Gossip({
      notes: this.notes,
      peers: () => this.links.names,
      features: (peer) => this.links.features(peer),
      ask: (peer, op, head) => this.links.op(peer, op, head),
      asV1: () => this.figures.asV1('sync'),
    })
  }

  #hello(): Hello {
    return { id: this.id, version: this.version, ...this.#flags.current() }
  }

  #has(feature: InForce['features'][number]): boolean {
    return this.#flags.current().features.includes(feature)
  }

  #takeNotes(kept: NodeState): void {
    if (kept.version === 'v1') this.notes.takeRows(kept.notes)
    else this.notes.take(kept.notes)
  }

  #happened(event: string, details: Readonly<Record<string, unknown>>): void {
    this.#events.push({ event, at: new Date().toISOString(), ...details })
    if (this.#events.length > rememberedEvents) this.#events.shift()
  }
}

/** The figures of a node, and how Prometheus reads them. Knows what each is, and nothing of where it comes from. */

const described = {
  dwcp_page_transfer_seconds: ['histogram', 'A batch of pages, from sending to the acknowledgement.'],
  dwcp_pages_total: ['counter', 'Pages sent, by codec.'],
  dwcp_page_raw_bytes_total: ['counter', 'Bytes of these pages as they are in memory.'],
  dwcp_page_sent_bytes_total: ['counter', 'Bytes of these pages as they were sent.'],
  dwcp_pages_from_baseline_total: ['counter', 'Pages sent as a difference from what the receiver has.'],
  dwcp_pages_chosen_total: ['counter', 'Pages whose codec was chosen by what pays: both ends have ml_compression.'],
  dwcp_pages_refused_total: ['counter', 'Pages that the receiver could not verify; each was sent again.'],
  dwcp_operations_total: ['counter', 'Operations by outcome.'],
  dwcp_migration_seconds: ['histogram', 'A migration, from request to the end.'],
  dwcp_migration_pause_seconds: ['histogram', 'How long a machine stood still in a migration.'],
  dwcp_mode_transitions_total: ['counter', 'Changes of mode of a peer.'],
  dwcp_agreement_seconds: ['histogram', 'From proposal to answer, at the proposer.'],
  dwcp_agreement_rounds_total: ['counter', 'Messages of agreement sent.'],
  dwcp_leader_changes_total: ['counter', 'New leaders or views of a group.'],
  dwcp_peers_lost_total: ['counter', 'Peers that were up and are gone.'],
  dwcp_refused_frames_total: ['counter', 'Frames that were not understood, and refused.'],
  dwcp_v1_compat_calls_total: ['counter', 'Times that a v3 node did it the v1 way.'],
  dwcp_machine_reboots_total: ['counter', 'Machines that began anew, because their node was killed.'],
  dwcp_group_algorithm: ['gauge', '1 for the algorithm that a group has.'],
  dwcp_feature: ['gauge', '1 for each feature that is in force on this node.'],
  dwcp_machines: ['gauge', 'Machines that run here.'],
  dwcp_peers: ['gauge', 'Peers by mode.'],
  dwcp_peers_up: ['gauge', 'Peers with an open connection.'],
  dwcp_streams: ['gauge', 'Open connections to peers.'],
  dwcp_baselines: ['gauge', 'Pages kept to compare with.'],
  dwcp_sync_siblings: ['gauge', 'Notes beyond one for a machine, written at once by several.'],
  dwcp_sync_keys: ['gauge', 'Machines that have a note.'],
  process_resident_memory_bytes: ['gauge', 'Memory of this process.'],
  process_cpu_seconds_total: ['counter', 'Processor time of this process.'],
} as const satisfies Readonly<Record<string, readonly ['counter' | 'gauge' | 'histogram', string]>>

export type FigureName = keyof typeof described
export type Labels = Readonly<Record<string, string>>

const bounds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]

interface Histogram {
  readonly counts: number[]
  sum: number
  count: number
}

export class Figures {
  readonly #always: Labels
  readonly #isV3: boolean
  readonly #numbers = new Map<FigureName, Map<string, number>>()
  readonly #histograms = new Map<FigureName, Map<string, Histogram>>()

  constructor(node: string, version: string) {
    this.#always = { node, version }
    this.#isV3 = version === 'v3'
    // What never happened is 0, not unknown: an error rate needs both of its sides.
    for (const operation of ['migrate', 'read', 'propose', 'note'])
      for (const outcome of ['ok', 'failed']) this.count('dwcp_operations_total', { operation, outcome }, 0)
    for (const reason of ['hash', 'baseline']) this.count('dwcp_pages_refused_total', { reason }, 0)
    for (const to of ['datacenter', 'internet']) this.count('dwcp_mode_transitions_total', { to }, 0)
    for (const path of ['link', 'codec', 'agreement', 'sync', 'placement'])
      this.count('dwcp_v1_compat_calls_total', { path }, 0)
    for (const name of [
      'dwcp_peers_lost_total',
      'dwcp_pages_from_baseline_total',
      'dwcp_pages_chosen_total',
      'dwcp_machine_reboots_total',
    ] as const)
      this.count(name, {}, 0)
  }

  count(name: FigureName, labels: Labels = {}, by = 1): void {
    const key = this.#key(labels)
    const values = this.#numbers.get(name) ?? new Map<string, number>()
    this.#numbers.set(name, values.set(key, (values.get(key) ?? 0) + by))
  }

  observe(name: FigureName, value: number, labels: Labels = {}): void {
    const all = this.#histograms.get(name) ?? new Map<string, Histogram>()
    this.#histograms.set(name, all)
    const key = this.#key(labels)
    const one = all.get(key) ?? { counts: bounds.map(() => 0), sum: 0, count: 0 }
    all.set(key, one)
    const at = bounds.findIndex((bound) => value <= bound)
    if (at >= 0) one.counts[at] = (one.counts[at] ?? 0) + 1
    one.sum += value
    one.count++
  }

  /** A v3 node did something the v1 way: what the clean-up of that code is judged by. A v1 node knows no other. */
  asV1(path: 'link' | 'codec' | 'agreement' | 'sync' | 'placement'): void {
    if (this.#isV3) this.count('dwcp_v1_compat_calls_total', { path })
  }

  /** `gauges`: what is so at this moment. */
  text(gauges: readonly (readonly [FigureName, Labels, number])[]): string {
    const lines = new Map<FigureName, string[]>()
    const add = (name: FigureName, line: string) => lines.set(name, [...(lines.get(name) ?? []), line])
    for (const [name, values] of this.#numbers) for (const [key, value] of values) add(name, `${name}{${key}} ${value}`)
    for (const [name, labels, value] of gauges) add(name, `${name}{${this.#key(labels)}} ${value}`)
    for (const [name, all] of this.#histograms)
      for (const [key, { counts, sum, count }] of all) {
        let below = 0
        for (const [at, bound] of bounds.entries())
          add(name, `${name}_bucket{${key},le="${bound}"} ${(below += counts[at] ?? 0)}`)
        add(name, `${name}_bucket{${key},le="+Inf"} ${count}`)
        add(name, `${name}_sum{${key}} ${sum}`)
        add(name, `${name}_count{${key}} ${count}`)
      }
    return [...lines]
      .map(
        ([name, all]) =>
          `# HELP ${name} ${described[name][1]}\n# TYPE ${name} ${described[name][0]}\n${all.join('\n')}\n`,
      )
      .join('')
  }

  #key(labels: Labels): string {
    return Object.entries({ ...this.#always, ...labels })
      .map(([name, value]) => `${name}="${value}"`)
      .join(',')
  }
}

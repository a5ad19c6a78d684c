/** What is measured of the fleet, and when it is bad: queries of the page that `monitor.ts` gives, and limits from `parts.ts`. Knows no step. */
import { triggers, week2 } from './parts.ts'

const windowSeconds = 6
const window = `${windowSeconds}s`
const grown = (series: string): string => `sum(increase(${series}[${window}]))`
const rate = (series: string): string => `sum(rate(${series}[${window}]))`
/** The median: of a few dozen batches, the slowest are those that the machine held up. */
const median = (series: string): string => `sum(histogram_quantile(0.5, rate(${series}[${window}])))`

/** Batches of pages, from encoding to the acknowledgement: within the zone by which nodes they left, and to the other zone. */
const pages = (part: 'bucket' | 'count' | 'sum', of: 'near' | 'hybrid' | 'plain' | 'across'): string =>
  of === 'across'
    ? `dwcp_page_transfer_seconds_${part}{of="all",zones="other"}`
    : `dwcp_page_transfer_seconds_${part}{of="${of}",zones="same"}`
const operations = 'dwcp_load_operations_total'
/** Bytes of memory by the time that was spent on moving them. */
const bandwidth = (zones: 'same' | 'other'): string =>
  `${rate(`dwcp_page_raw_bytes_total{of="all",zones="${zones}"}`)} / ${rate(`dwcp_page_transfer_seconds_sum{of="all",zones="${zones}"}`)}`

/** What v1 does and, later, what v3 does: the same questions. Seconds, bytes, operations. */
export const figures = {
  latency: median(pages('bucket', 'near')),
  'far latency': median(pages('bucket', 'across')),
  /** In round trips to a node that no feature touches: they are longer when the machine is busy, and only then. */
  'latency by machine': `${median(pages('bucket', 'near'))} / sum(machine_round_trip_seconds)`,
  throughput: rate(`${operations}{outcome="ok"}`),
  errors: `${grown(`${operations}{outcome="failed"}`)} / ${grown(operations)}`,
  bandwidth: bandwidth('same'),
  'far bandwidth': bandwidth('other'),
  compression: `${rate('dwcp_page_raw_bytes_total{of="all"}')} / ${rate('dwcp_page_sent_bytes_total{of="all"}')}`,
  consensus: median('dwcp_agreement_seconds_bucket{of="near"}'),
  'far consensus': median('dwcp_agreement_seconds_bucket{of="far"}'),
  memory: 'sum(process_resident_memory_bytes)',
  cpu: `sum(rate(process_cpu_seconds_total[${window}]))`,
} as const

/** Of the week's impact. */
export const impactFigures = { latency: figures.latency, bandwidth: figures.bandwidth, cpu: figures.cpu } as const

/** Two dozen programs on two processors differ by so much from one moment to the next, in seconds. */
const tolerance = 0.015
/** The same, in round trips to a node. */
const tolerableTrips = 1
const pace = (count?: number) => ({ intervalMs: 500, failureLimit: 2, ...(count === undefined ? {} : { count }) })
const enoughOperations = { samples: grown(operations), minSamples: 60 } as const
const enoughBatches = (of: 'near' | 'hybrid') => ({ samples: grown(pages('count', of)), minSamples: 15 })

/** Nodes with hybrid mode beside nodes without, at the same moments: what holds the machine up holds up both. */
const beside = (percent: number): string =>
  `${median(pages('bucket', 'hybrid'))} - ${1 + percent / 100} * ${median(pages('bucket', 'plain'))}`

const errorShare = (percent: number, count?: number) => ({
  query: figures.errors,
  max: percent / 100,
  ...enoughOperations,
  ...pace(count),
})
/** Refused for their hash: one whose baseline the receiver no longer has is no error, and goes again. */
const refusedPages = (count?: number) => ({
  query: `${grown('dwcp_pages_refused_total{of="all",reason="hash"}')} / ${grown('dwcp_pages_total{of="all"}')}`,
  max: triggers.errorPercent / 100,
  samples: grown('dwcp_pages_total{of="all"}'),
  minSamples: 200,
  ...pace(count),
})
/** The window is a tenth of a minute. The links are those that were measured. */
const modeSwitches = (count?: number) => ({
  query: `${grown('dwcp_mode_transitions_total{of="all"}')} * 10 / (sum(dwcp_detections) + 1)`,
  max: triggers.modeSwitchesPerMinute,
  ...pace(count),
})
const lostPeers = (count?: number) => ({
  query: `${grown('dwcp_peers_lost_total{of="all"}')} / count(up)`,
  max: triggers.lostPeersPerNode,
  unit: 'peers',
  ...pace(count),
})
const nodesDown = (count?: number) => ({
  query: 'count(up) - sum(up)',
  max: 0,
  unit: 'nodes',
  ...pace(count),
  // A node that is started anew may be missed three times, but not by all looks of a gate.
  failureLimit: Math.min(3, (count ?? 4) - 1),
})

/**
 * The four automatic triggers, and nodes that are gone. Latency is compared with nodes that are still plain where there are some, else with the baseline.
 * `restarts`: nodes are started anew meanwhile, so that peers are lost on purpose.
 */
export function triggerMetrics(has: {
  readonly plainNodes: boolean
  readonly restarts?: boolean
  readonly count?: number
}) {
  const { plainNodes, restarts = false, count } = has
  return {
    'error rate': errorShare(triggers.errorPercent, count),
    'refused pages': refusedPages(count),
    [plainNodes ? 'latency' : 'latency by machine']: plainNodes
      ? {
          query: beside(triggers.latencyPercent),
          max: tolerance,
          unit: 's',
          ...enoughBatches('hybrid'),
          ...pace(count),
        }
      : {
          query: figures['latency by machine'],
          maxIncreasePercent: triggers.latencyPercent,
          tolerate: tolerableTrips,
          unit: 'round trips',
          ...enoughBatches('near'),
          ...pace(count),
        },
    throughput: {
      query: figures.throughput,
      minRatioOfBaseline: triggers.throughputRatio,
      unit: '/s',
      ...enoughOperations,
      ...pace(count),
    },
    'mode switches a minute and link': modeSwitches(count),
    'nodes that do not answer': nodesDown(count),
    ...(restarts ? {} : { 'lost peers of a node': lostPeers(count) }),
  }
}

/** Rollback criteria of week 2, `settleMs` after nodes have changed. */
export const week2Metrics = (count: number, settleMs: number) => ({
  latency: {
    query: beside(week2.latencyPercent),
    max: tolerance,
    unit: 's',
    ...enoughBatches('hybrid'),
    ...pace(count),
  },
  'error rate': errorShare(week2.errorPercent, count),
  'mode switches a minute and link': { ...modeSwitches(count), initialDelayMs: settleMs },
  'wrong modes': {
    query: 'sum(dwcp_detections{of="wrong"}) / sum(dwcp_detections)',
    max: week2.wrongModePercent / 100,
    samples: 'sum(dwcp_detections)',
    minSamples: 10,
    // A mode takes several round trips in a row.
    initialDelayMs: settleMs,
    ...pace(count),
  },
})

/** Each of these periods has tried so many pages with codecs of v3, by moves on purpose at least. */
const triedPages = 600

/**
 * No page has ever arrived that was not what was sent: in all of the run, so that no look is too late for it. A fleet in which nobody compresses the v3 way
 * says nothing of compression; `periods`: how many of them have tried it.
 */
export const integrityMetrics = (count: number, periods: number) => ({
  'pages with a wrong hash': {
    query: 'sum(dwcp_pages_refused_total{of="all",reason="hash"})',
    max: 0,
    samples: 'sum(dwcp_pages_chosen_total{of="all"})',
    minSamples: triedPages * periods,
    intervalMs: 500,
    count,
  },
})

/** A v3 node with its flags off did nothing but what v1 does: no v3 feature is in force, and the calls of v1's ways grow. */
export const compatibleMetrics = (count: number) => ({
  'features in force': { query: 'sum(dwcp_features_in_force)', max: 0, intervalMs: 500, count },
  'calls the v1 way': { query: grown('dwcp_v1_compat_calls_total{of="all"}'), min: 1, intervalMs: 500, count },
  ...triggerMetrics({ plainNodes: false, restarts: true, count }),
})

/** The evidence for the clean-up: with every feature on everywhere, nothing went the v1 way for as long as this looked. */
export const unusedMetrics = (count?: number) => ({
  'calls the v1 way': {
    query: grown('dwcp_v1_compat_calls_total{of="all"}'),
    max: 0,
    ...pace(count),
    failureLimit: 0,
  },
})

/** The same, when harm that was done on purpose has left the window. */
export const afterHarm = <T extends object>(metrics: Readonly<Record<string, T>>) =>
  Object.fromEntries(
    Object.entries(metrics).map(([name, metric]) => [name, { ...metric, initialDelayMs: windowSeconds * 1_000 }]),
  )

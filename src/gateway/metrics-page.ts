/** The gateway's figures as metrics. Pure but for reading them. */
import { type Distribution, type Family, type Labels, metricsText } from '../metrics/index.ts'
import type { Histogram } from './histogram.ts'
import type { RouteRoom } from './route.ts'
import type { ShadowFindings, Shadows } from './shadow/index.ts'
import type { SideRoom } from './side.ts'
import type { Traffic } from './traffic.ts'

type Sample = readonly [labels: Labels, value: number]

type Figure<Of> = readonly [name: string, type: 'counter' | 'gauge', help: string, value: (of: Of) => number]

const perSide: readonly Figure<{ readonly route: RouteRoom; readonly side: SideRoom }>[] = [
  ['requests_total', 'counter', 'Requests by side.', ({ side }) => side.totals.requests],
  ['failed_total', 'counter', 'Answers of 500 and above, and those that never came.', ({ side }) => side.totals.failed],
  ['aborted_total', 'counter', 'Requests whose client went away.', ({ side }) => side.totals.aborted],
  [
    'retried_total',
    'counter',
    'Requests that were sent again on another connection.',
    ({ side }) => side.totals.retried,
  ],
  ['share', 'gauge', 'Share of the requests, of 1.', ({ route, side }) => (route.shares[side.name] ?? 0) / 10_000],
  ['under_way', 'gauge', 'Requests under way.', ({ side }) => side.state.underWay],
  ['waiting', 'gauge', 'Requests that wait for their side.', ({ side }) => side.state.waiting],
  ['servers', 'gauge', 'Servers of the side.', ({ side }) => side.state.servers],
  ['servers_up', 'gauge', 'Servers that take requests.', ({ side }) => side.state.serversUp],
  ['drained', 'gauge', '1 while the side is drained.', ({ side }) => Number(side.drained)],
]

const perShadow: readonly Figure<ShadowFindings>[] = [
  ['shadow_sampled_total', 'counter', 'Requests that the shadow looked at.', (each) => each.sampled],
  ['shadow_compared_total', 'counter', 'Pairs of answers that were compared.', (each) => each.compared],
  ['shadow_mismatched_total', 'counter', 'Pairs that differ in more than noise.', (each) => each.mismatched],
  [
    'shadow_failed_total',
    'counter',
    'Requests to which the new version gave no answer in time.',
    (each) => each.failed,
  ],
  ['shadow_twins_total', 'counter', 'Requests that the old version was asked again.', (each) => each.twins],
  [
    'shadow_mismatch_rate',
    'gauge',
    'Mismatched and failed, of all; NaN while there are none.',
    (each) => each.mismatchRate ?? Number.NaN,
  ],
  [
    'shadow_added_p50_seconds',
    'gauge',
    'What watching adds to the median; NaN while too few were measured.',
    (each) => (each.latency.addedP50Ms ?? Number.NaN) / 1000,
  ],
]

export function metricsPage(traffic: Traffic, shadows: Shadows): string {
  const sides = traffic.routes.flatMap((route) =>
    route.sides.map((side) => ({ route, side, labels: { route: route.name, side: side.name } })),
  )
  const answers = sides.flatMap(({ side, labels }) =>
    side.totals.statuses.map((count, hundreds): Sample => [{ ...labels, status: `${hundreds}xx` }, count]),
  )
  const unkeyed = traffic.routes.map((route): Sample => [{ route: route.name }, route.unkeyed])
  return metricsText([
    ...perSide.map(([name, type, help, value]) =>
      family(
        name,
        type,
        help,
        sides.map((each) => [each.labels, value(each)]),
      ),
    ),
    family('answers_total', 'counter', 'Answers by the hundreds of their status; 0xx never came.', answers),
    family('unkeyed_total', 'counter', 'Requests without the key of a user on a sticky route.', unkeyed),
    {
      name: 'changeover_gateway_duration_seconds',
      type: 'histogram',
      help: 'Until the whole answer was with the client.',
      series: sides.map(({ side, labels }) => distribution(labels, side.latency)),
    },
    ...shadowFamilies(traffic, shadows),
  ])
}

function shadowFamilies(traffic: Traffic, shadows: Shadows): readonly Family[] {
  const found = traffic.routes.flatMap((route) => {
    const report = shadows.report(route.name)
    return report === undefined ? [] : [{ labels: { route: route.name }, report }]
  })
  if (found.length === 0) return []
  const skipped = found.flatMap(({ labels, report }) =>
    Object.entries(report.skipped).map(([why, count]): Sample => [{ ...labels, why }, count]),
  )
  return [
    ...perShadow.map(([name, type, help, value]) =>
      family(
        name,
        type,
        help,
        found.map(({ labels, report }) => [labels, value(report)]),
      ),
    ),
    family('shadow_skipped_total', 'counter', 'Sampled requests that were not compared.', skipped),
  ]
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): Family {
  const all = samples.map(([labels, value]) => ({ labels, value }))
  return { name: `changeover_gateway_${name}`, type, help, samples: all }
}

/** Bounds are powers of two of a microsecond, from 128 µs to 67 s. */
function distribution(labels: Labels, values: Histogram): Distribution {
  const exponents = Array.from({ length: 20 }, (_, at) => at + 7)
  const buckets = exponents.map((exponent) => [2 ** exponent / 1e6, values.atMost(exponent)] as const)
  return { labels, buckets, sum: values.sum / 1000, count: values.count }
}

/** The gateway's figures as Prometheus text (exposition format 0.0.4). Pure but for reading them. */
import type { Histogram } from './histogram.ts'
import type { RouteRoom } from './route.ts'
import type { Shadows } from './shadow/index.ts'
import type { SideRoom } from './side.ts'
import type { Traffic } from './traffic.ts'

type Sample = readonly [labels: { readonly [name: string]: string }, value: number]

export function metricsPage(traffic: Traffic, shadows: Shadows): string {
  const sides = traffic.routes.flatMap((route) =>
    route.sides.map((side) => ({ route, side, labels: { route: route.name, side: side.name } })),
  )
  const each = (value: (side: SideRoom, route: RouteRoom) => number): Sample[] =>
    sides.map(({ route, side, labels }) => [labels, value(side, route)])
  return [
    family(
      'requests_total',
      'counter',
      'Requests by side.',
      each(({ totals }) => totals.requests),
    ),
    family(
      'failed_total',
      'counter',
      'Answers of 500 and above, and those that never came.',
      each(({ totals }) => totals.failed),
    ),
    family(
      'aborted_total',
      'counter',
      'Requests whose client went away.',
      each(({ totals }) => totals.aborted),
    ),
    family(
      'retried_total',
      'counter',
      'Requests that were sent again on another connection.',
      each(({ totals }) => totals.retried),
    ),
    family(
      'answers_total',
      'counter',
      'Answers by the hundreds of their status; 0xx never came.',
      sides.flatMap(({ side, labels }) =>
        side.totals.statuses.map((count, hundreds): Sample => [{ ...labels, status: `${hundreds}xx` }, count]),
      ),
    ),
    family(
      'share',
      'gauge',
      'Share of the requests, of 1.',
      each((side, route) => (route.shares[side.name] ?? 0) / 10_000),
    ),
    family(
      'under_way',
      'gauge',
      'Requests under way.',
      each((side) => side.state.underWay),
    ),
    family(
      'waiting',
      'gauge',
      'Requests that wait for their side.',
      each((side) => side.state.waiting),
    ),
    family(
      'servers',
      'gauge',
      'Servers of the side.',
      each((side) => side.state.servers),
    ),
    family(
      'servers_up',
      'gauge',
      'Servers that take requests.',
      each((side) => side.state.serversUp),
    ),
    family(
      'drained',
      'gauge',
      '1 while the side is drained.',
      each((side) => Number(side.drained)),
    ),
    family(
      'unkeyed_total',
      'counter',
      'Requests without the key of a user on a sticky route.',
      traffic.routes.map((route) => [{ route: route.name }, route.unkeyed]),
    ),
    histogram(
      'duration_seconds',
      'Until the whole answer was with the client.',
      sides.map(({ side, labels }) => [labels, side.latency]),
    ),
    ...shadowFamilies(traffic, shadows),
  ].join('')
}

function shadowFamilies(traffic: Traffic, shadows: Shadows): string[] {
  const found = traffic.routes.flatMap((route) => {
    const report = shadows.report(route.name)
    return report === undefined ? [] : [{ labels: { route: route.name }, report }]
  })
  const each = (value: (report: (typeof found)[number]['report']) => number): Sample[] =>
    found.map(({ labels, report }) => [labels, value(report)])
  if (found.length === 0) return []
  return [
    family(
      'shadow_sampled_total',
      'counter',
      'Requests that the shadow looked at.',
      each((report) => report.sampled),
    ),
    family(
      'shadow_compared_total',
      'counter',
      'Pairs of answers that were compared.',
      each((report) => report.compared),
    ),
    family(
      'shadow_mismatched_total',
      'counter',
      'Pairs that differ in more than noise.',
      each((report) => report.mismatched),
    ),
    family(
      'shadow_failed_total',
      'counter',
      'Requests to which the new version gave no answer in time.',
      each((report) => report.failed),
    ),
    family(
      'shadow_twins_total',
      'counter',
      'Requests that the old version was asked again.',
      each((report) => report.twins),
    ),
    family(
      'shadow_skipped_total',
      'counter',
      'Sampled requests that were not compared.',
      found.flatMap(({ labels, report }) =>
        Object.entries(report.skipped).map(([why, count]): Sample => [{ ...labels, why }, count]),
      ),
    ),
    family(
      'shadow_mismatch_rate',
      'gauge',
      'Mismatched and failed, of all that were compared or failed; NaN while there are none.',
      each((report) => report.mismatchRate ?? Number.NaN),
    ),
    family(
      'shadow_added_p50_seconds',
      'gauge',
      'What watching adds to the median; NaN while too few were measured.',
      each((report) => (report.latency.addedP50Ms ?? Number.NaN) / 1000),
    ),
  ]
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  return `${heading(name, type, help)}${samples.map(([labels, value]) => line(name, labels, value)).join('')}`
}

const heading = (name: string, type: string, help: string): string =>
  `# HELP changeover_gateway_${name} ${help}\n# TYPE changeover_gateway_${name} ${type}\n`

function line(name: string, labels: Sample[0], value: number | string): string {
  const shown = Object.entries(labels).map(
    ([label, each]) => `${label}="${each.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`,
  )
  return `changeover_gateway_${name}{${shown.join(',')}} ${value}\n`
}

/** Bounds are powers of two of a microsecond, from 128 µs to 67 s. */
function histogram(name: string, help: string, each: readonly (readonly [Sample[0], Histogram])[]): string {
  const lines = each.map(([labels, values]) => {
    const exponents = Array.from({ length: 20 }, (_, at) => at + 7)
    const bounds = exponents.map((exponent) =>
      line(`${name}_bucket`, { ...labels, le: String(2 ** exponent / 1e6) }, values.atMost(exponent)),
    )
    const all = line(`${name}_bucket`, { ...labels, le: '+Inf' }, values.count)
    return `${bounds.join('')}${all}${line(`${name}_sum`, labels, values.sum / 1000)}${line(`${name}_count`, labels, values.count)}`
  })
  return `${heading(name, 'histogram', help)}${lines.join('')}`
}

/** The figures of routers as metrics. */
import { type Distribution, type Labels, metricsText } from '../metrics/index.ts'
import type { RouterMetrics } from './metrics.ts'
import { bounds, type Latency } from './tally.ts'

/** All routers of a program in one page of Prometheus' text format. Times are in seconds; a series appears with its first call. */
export function prometheusText(all: readonly RouterMetrics[]): string {
  const calls = all.flatMap(({ module, versions }) =>
    Object.entries(versions).flatMap(([version, { methods }]) =>
      Object.entries(methods).map(([method, count]) => ({ labels: { module, version, method }, count })),
    ),
  )
  const shadows = all.flatMap(({ module, shadow }) =>
    Object.entries(shadow).flatMap(([candidate, methods]) =>
      Object.entries(methods).map(([method, count]) => ({ labels: { module, candidate, method }, count })),
    ),
  )
  const verdicts = ['matched', 'mismatched', 'ignored', 'timedOut', 'skipped'] as const
  return metricsText([
    {
      name: 'changeover_router_calls_total',
      type: 'counter',
      help: 'Calls by the version that answered.',
      samples: calls.map(({ labels, count }) => ({ labels, value: count.calls })),
    },
    {
      name: 'changeover_router_errors_total',
      type: 'counter',
      help: 'Calls that threw or rejected.',
      samples: calls.map(({ labels, count }) => ({ labels, value: count.errors })),
    },
    {
      name: 'changeover_router_seconds',
      type: 'histogram',
      help: 'Time of the calls that were timed.',
      series: calls.flatMap(({ labels, count }) => timed(labels, count.latency)),
    },
    {
      name: 'changeover_router_shadow_total',
      type: 'counter',
      help: 'Shadowed calls by what came of the comparison.',
      samples: shadows.flatMap(({ labels, count }) =>
        verdicts.map((each) => ({ labels: { ...labels, verdict: snake(each) }, value: count[each] })),
      ),
    },
    {
      name: 'changeover_router_shadow_errors_total',
      type: 'counter',
      help: 'Shadowed calls whose candidate threw or rejected.',
      samples: shadows.map(({ labels, count }) => ({ labels, value: count.errors })),
    },
    {
      name: 'changeover_router_shadow_seconds',
      type: 'histogram',
      help: 'Time of shadowed calls: the candidate, and the control of the same calls.',
      series: shadows.flatMap(({ labels, count }) => [
        ...timed({ ...labels, role: 'candidate' }, count.latency),
        ...timed({ ...labels, role: 'control' }, count.controlLatency),
      ]),
    },
    {
      name: 'changeover_router_undecided_total',
      type: 'counter',
      help: 'Calls whose decision failed.',
      samples: all.map(({ module, undecided }) => ({ labels: { module }, value: undecided })),
    },
  ])
}

/** Nothing where no call was timed yet. */
function timed(labels: Labels, { buckets, sumSeconds, count }: Latency): readonly Distribution[] {
  if (count === 0) return []
  let below = 0
  const added = bounds.map((bound, at) => [bound, (below += buckets[at] ?? 0)] as const)
  return [{ labels, buckets: added, sum: sumSeconds, count }]
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

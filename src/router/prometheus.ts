/** The figures of routers in Prometheus' text format 0.0.4. */
import type { RouterMetrics } from './metrics.ts'
import { bounds, type Latency } from './tally.ts'

type Labels = { readonly [name: string]: string }
interface Line {
  readonly labels: Labels
  readonly value: number
}

/** All routers of a program in one page: a name is described once. Times are in seconds; a series appears with its first call. */
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
  return [
    counter(
      'changeover_router_calls_total',
      'Calls by the version that answered.',
      calls.map(({ labels, count }) => ({ labels, value: count.calls })),
    ),
    counter(
      'changeover_router_errors_total',
      'Calls that threw or rejected.',
      calls.map(({ labels, count }) => ({ labels, value: count.errors })),
    ),
    histogram(
      'changeover_router_seconds',
      'Time of the calls that were timed.',
      calls.map(({ labels, count }) => ({ labels, latency: count.latency })),
    ),
    counter(
      'changeover_router_shadow_total',
      'Shadowed calls by what came of the comparison.',
      shadows.flatMap(({ labels, count }) =>
        verdicts.map((each) => ({ labels: { ...labels, verdict: snake(each) }, value: count[each] })),
      ),
    ),
    counter(
      'changeover_router_shadow_errors_total',
      'Shadowed calls whose candidate threw or rejected.',
      shadows.map(({ labels, count }) => ({ labels, value: count.errors })),
    ),
    histogram(
      'changeover_router_shadow_seconds',
      'Time of shadowed calls: the candidate, and the control of the same calls.',
      shadows.flatMap(({ labels, count }) => [
        { labels: { ...labels, role: 'candidate' }, latency: count.latency },
        { labels: { ...labels, role: 'control' }, latency: count.controlLatency },
      ]),
    ),
    counter(
      'changeover_router_undecided_total',
      'Calls whose decision failed.',
      all.map(({ module, undecided }) => ({ labels: { module }, value: undecided })),
    ),
  ].join('')
}

function counter(name: string, what: string, lines: readonly Line[]): string {
  if (lines.length === 0) return ''
  return `# HELP ${name} ${what}\n# TYPE ${name} counter\n${lines.map(({ labels, value }) => `${name}${braced(labels)} ${value}\n`).join('')}`
}

function histogram(
  name: string,
  what: string,
  series: readonly { readonly labels: Labels; readonly latency: Latency }[],
): string {
  const shown = series.filter(({ latency }) => latency.count > 0)
  if (shown.length === 0) return ''
  const lines = shown.map(({ labels, latency }) => {
    let below = 0
    const buckets = latency.buckets.map((count, at) => {
      below += count
      return `${name}_bucket${braced({ ...labels, le: at < bounds.length ? String(bounds[at]) : '+Inf' })} ${below}\n`
    })
    return `${buckets.join('')}${name}_sum${braced(labels)} ${latency.sumSeconds}\n${name}_count${braced(labels)} ${latency.count}\n`
  })
  return `# HELP ${name} ${what}\n# TYPE ${name} histogram\n${lines.join('')}`
}

function braced(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(
      ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
    )
    .join(',')}}`
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

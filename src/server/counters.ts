/** Counts what the server does. Labels are of a fixed few values: no flag, no user, no token. */
import { type Labels, metricsText } from '../metrics/index.ts'

export interface Counters {
  add(name: string, labels: Labels, by?: number): void
  /** As Prometheus reads it. */
  text(gauges: Readonly<Record<string, number>>): string
}

export function openCounters(help: Readonly<Record<string, string>>): Counters {
  const counts = new Map<string, Map<string, { readonly labels: Labels; value: number }>>()
  return {
    add: (name, labels, by = 1) => {
      const series = counts.get(name) ?? new Map<string, { readonly labels: Labels; value: number }>()
      counts.set(name, series)
      const key = JSON.stringify(labels)
      const held = series.get(key) ?? { labels, value: 0 }
      held.value += by
      series.set(key, held)
    },
    text: (gauges) =>
      metricsText(
        Object.entries(help).map(([name, says]) => {
          const gauge = gauges[name]
          return gauge === undefined
            ? { name, help: says, type: 'counter', samples: [...(counts.get(name)?.values() ?? [])] }
            : { name, help: says, type: 'gauge', samples: [{ value: gauge }] }
        }),
      ),
  }
}

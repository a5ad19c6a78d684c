/** Counts what the server does, as Prometheus text (format 0.0.4). Labels are of a fixed few values: no flag, no user, no token. */

export interface Counters {
  add(name: string, labels: Readonly<Record<string, string>>, by?: number): void
  text(gauges: Readonly<Record<string, number>>): string
}

export function openCounters(help: Readonly<Record<string, string>>): Counters {
  const counts = new Map<string, Map<string, number>>()
  return {
    add: (name, labels, by = 1) => {
      const series = counts.get(name) ?? new Map<string, number>()
      counts.set(name, series)
      const key = Object.entries(labels)
        .map(([label, value]) => `${label}="${value.replaceAll(/["\\\n]/g, '_')}"`)
        .join(',')
      series.set(key, (series.get(key) ?? 0) + by)
    },
    text: (gauges) => {
      const lines = Object.entries(help).flatMap(([name, says]) => {
        const gauge = gauges[name]
        const values =
          gauge === undefined
            ? [...(counts.get(name) ?? [])].map(([labels, count]) => `${name}${labels && `{${labels}}`} ${count}`)
            : [`${name} ${gauge}`]
        return [`# HELP ${name} ${says}`, `# TYPE ${name} ${gauge === undefined ? 'counter' : 'gauge'}`, ...values]
      })
      return `${lines.join('\n')}\n`
    },
  }
}

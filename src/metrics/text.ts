/** Metrics as Prometheus reads them: text format 0.0.4. Knows no name and no source. */

export type Labels = { readonly [name: string]: string }

/** NaN and infinities are data. */
export interface Sample {
  readonly labels?: Labels
  readonly value: number
}

/** `buckets`: upper bounds that rise, each with how many are at or below it; what is above the last one is only in `count`. */
export interface Distribution {
  readonly labels?: Labels
  readonly buckets: readonly (readonly [bound: number, atMost: number])[]
  readonly sum: number
  readonly count: number
}

export type Family = { readonly name: string; readonly help: string } & (
  | { readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[] }
  | { readonly type: 'histogram'; readonly series: readonly Distribution[] }
)

/** A family without a series is left out: a name that stands there with nothing below it says nothing. */
export function metricsText(families: readonly Family[]): string {
  return families.map(familyText).join('')
}

function familyText(family: Family): string {
  const lines =
    family.type === 'histogram'
      ? family.series.flatMap((each) => distributionLines(family.name, each))
      : family.samples.map(({ labels, value }) => line(family.name, labels, value))
  if (lines.length === 0) return ''
  const help = family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return `# HELP ${family.name} ${help}\n# TYPE ${family.name} ${family.type}\n${lines.join('')}`
}

function distributionLines(name: string, { labels, buckets, sum, count }: Distribution): readonly string[] {
  return [
    ...buckets.map(([bound, atMost]) => line(`${name}_bucket`, { ...labels, le: spelled(bound) }, atMost)),
    line(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, count),
  ]
}

function line(name: string, labels: Labels = {}, value: number): string {
  const shown = Object.entries(labels).map(([label, each]) => `${label}="${escaped(each)}"`)
  return `${name}${shown.length === 0 ? '' : `{${shown.join(',')}}`} ${spelled(value)}\n`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function spelled(value: number): string {
  return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value)
}

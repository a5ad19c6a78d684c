/** Figures as a table for the terminal. */
import type { Json } from '../../core/json.ts'
import { type Judgement, shown } from '../../metrics/index.ts'
import type { PlanMetric } from '../../views/index.ts'
import type { Door } from '../door.ts'

/** One figure as it is now. */
export interface Looked {
  readonly metric: PlanMetric
  readonly value: Json | undefined
  readonly baseline: number | undefined
  /** Absent where nothing is asked of it. */
  readonly judged: Judgement | undefined
  /** Why it could not be asked for. */
  readonly trouble?: string
}

export function metricLines(seen: readonly Looked[], { paint }: Pick<Door, 'paint'>): string {
  const rows = seen.map((each) => {
    const { metric, value, baseline } = each
    const unit = metric.unit === undefined ? '' : ` ${metric.unit}`
    return [
      metric.name,
      value === undefined ? '?' : `${shown(value)}${unit}`,
      baseline === undefined ? '' : `baseline ${shown(baseline)}`,
      verdictOf(each),
      metric.wanted,
    ]
  })
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row, at) => {
    const [name, value, base, verdict, wanted] = row.map((cell, column) =>
      column === 1 ? cell.padStart(widths[1]!) : cell.padEnd(widths[column] ?? 0),
    ) as [string, string, string, string, string]
    const tint = tintOf(seen[at]!, paint)
    const why = seen[at]!.trouble ?? seen[at]!.judged?.why ?? ''
    const more = why === '' ? '' : `\n${' '.repeat(2)}${paint.faint(why)}`
    return (
      `${name}  ${value}  ${base}${widths[2] === 0 ? '' : '  '}${tint(verdict)}  ${paint.faint(wanted)}`.trimEnd() +
      more
    )
  })
  return `${lines.join('\n')}\n`
}

const words = { successful: 'good', failed: 'bad', undecided: 'undecided', inconclusive: 'undecided', error: 'error' }

function verdictOf({ judged, trouble }: Looked): string {
  if (trouble !== undefined) return 'no answer'
  return judged === undefined ? '' : words[judged.outcome]
}

function tintOf({ judged, trouble }: Looked, paint: Door['paint']): (text: string) => string {
  if (trouble !== undefined || judged?.outcome === 'error') return paint.warn
  if (judged?.outcome === 'failed') return paint.bad
  return judged?.outcome === 'successful' ? paint.good : paint.faint
}

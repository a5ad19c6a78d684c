/** Two tables of the guide with what a run measured in them: key metrics against v1, targets and thresholds; and what each week cost against what was expected. Pure. */
import type { Event } from 'changeover'
import { expectedImpact, type Row, validation } from './parts.ts'

export interface TableRow {
  readonly metric: string
  readonly v1: string
  readonly v3: string
  readonly target: string
  readonly threshold: string
  readonly verdict: string
}
export interface ImpactRow {
  readonly week: string
  readonly what: string
  readonly expected: string
  readonly measured: string
  readonly isAsExpected: boolean
}
type Captured = Readonly<Record<string, { readonly figure?: number }>>

/** What a step of the kind gate.metrics-baseline has captured; null where it did not come so far. */
export function capturedBy(events: readonly Event[], step: string): Captured | null {
  for (const event of events.toReversed()) {
    if (event.type !== 'step.marked' || event.step !== step || event.verb !== 'apply') continue
    const { captured } = (event.mark?.at ?? {}) as { readonly captured?: Captured }
    if (captured !== undefined) return captured
  }
  return null
}

/** Empty where v3 was not measured. */
export function baselineTable(events: readonly Event[]): readonly TableRow[] {
  const [v1, v3] = [capturedBy(events, 'baseline'), capturedBy(events, 'v3-figures')]
  return v1 === null || v3 === null ? [] : validation.map((row) => tableRow(row, v1, v3))
}

function tableRow(row: Row, v1: Captured, v3: Captured): TableRow {
  const { name, figure, unit, target, threshold, why } = row
  const before = figure === null ? undefined : v1[figure]?.figure
  const after = figure === null ? undefined : v3[figure]?.figure
  const rest = { metric: name, target, threshold }
  if (before === undefined || after === undefined)
    return { ...rest, v1: '-', v3: '-', verdict: `not applicable: ${why ?? 'not measured'}` }
  const ratio = `${percentMore(after, before)} against v1`
  return { ...rest, v1: shown(before, unit), v3: shown(after, unit), verdict: `${verdictOf(row, after)}, ${ratio}` }
}

function verdictOf({ limit, why }: Row, value: number): string {
  if (limit === undefined) return `number not applicable: ${why}`
  const holds = (bound: number): boolean => (limit.isLeast ? value > bound : value < bound)
  return holds(limit.target) ? 'on target' : holds(limit.threshold) ? 'within threshold' : 'MISSED'
}

/** Latency of a batch of pages, bytes a second of transfer, processor time: of each week that was reached, against the baseline. */
export function impactTable(events: readonly Event[]): readonly ImpactRow[] {
  const v1 = capturedBy(events, 'baseline')
  return Object.entries(expectedImpact).flatMap(([week, expected]) => {
    const then = capturedBy(events, `rollout-${week.toLowerCase().replace(' ', '-')}-impact`)
    if (v1 === null || then === null) return []
    return impactKinds.flatMap(([what, figure]): readonly ImpactRow[] => {
      const [before, after] = [v1[figure]?.figure, then[figure]?.figure]
      if (before === undefined || after === undefined || before === 0) return []
      const [least, most] = expected[what]
      const percent = (after / before - 1) * 100
      return [
        {
          week,
          what,
          expected: `${signed(least)} to ${signed(most)} %`,
          measured: percentMore(after, before),
          isAsExpected: percent >= least && percent <= most,
        },
      ]
    })
  })
}
const impactKinds = [
  ['latency', 'latency'],
  ['throughput', 'bandwidth'],
  ['cpu', 'cpu'],
] as const

const signed = (value: number): string => `${value > 0 ? '+' : ''}${value}`
const percentMore = (after: number, before: number): string => `${signed(Math.round((after / before - 1) * 100))} %`

function shown(value: number, unit: string): string {
  if (unit === 's') return `${(value * 1_000).toFixed(1)} ms`
  if (unit === 'B/s') return `${((value * 8) / 1e6).toFixed(0)} Mbit/s`
  return `${value.toFixed(2)}${unit}`
}

/** Figures that a run's findings hold, or that whoever asks for the report measured: criteria, requests, pauses. Never invents one. */
import type { Finding } from '../core/finding.ts'
import type { Json } from '../core/json.ts'
import { figure } from './estimate.ts'

/** One line of the table of success: what was wanted, what was measured, and whether that is met. */
export interface Criterion {
  readonly name: string
  /** The step that judged it, where one did. */
  readonly step?: string
  readonly wanted: string
  readonly measured: string
  readonly met: 'yes' | 'no' | 'unknown'
}

/** What may stand on the tiles of a report. Milliseconds, counts. */
export interface Figures {
  readonly rows?: number
  readonly rowsPerSecond?: number
  readonly requests?: { readonly served: number; readonly failed: number }
  readonly longestWritePauseMs?: number
  readonly criteria?: readonly Criterion[]
}

/**
 * Reads `{ criteria: [{ name, wanted, measured, met }] }`, what a gate `judged`: `[{ name, met, why, wanted, measured }]`, `{ served, failed }` or `{ requests: { served, failed } }`, and
 * `{ longestWritePauseMs }` from the data of findings. Counts of several findings are added up, of pauses the longest is taken.
 */
export function figuresIn(findings: readonly Finding[]): Figures {
  const data = findings.map((finding) => finding.data)
  const counted = data.flatMap((each) => requestsIn(each) ?? requestsIn(field(each, 'requests')) ?? [])
  const pauses = data.flatMap((each) => figure(each, 'longestWritePauseMs') ?? [])
  const criteria = lastOfEach(
    findings.flatMap(({ data: each, at }) => [
      ...criteriaIn(field(each, 'criteria'), at?.step),
      ...criteriaIn(field(each, 'judged'), at?.step),
    ]),
  )
  return {
    ...(counted.length === 0 ? {} : { requests: sum(counted) }),
    ...(pauses.length === 0 ? {} : { longestWritePauseMs: Math.max(...pauses) }),
    ...(criteria.length === 0 ? {} : { criteria }),
  }
}

function requestsIn(data: Json | undefined): { served: number; failed: number } | undefined {
  const served = figure(data, 'served')
  const failed = figure(data, 'failed')
  return served === undefined || failed === undefined ? undefined : { served, failed }
}

function sum(counted: readonly { served: number; failed: number }[]): { served: number; failed: number } {
  return counted.reduce((all, each) => ({ served: all.served + each.served, failed: all.failed + each.failed }))
}

function criteriaIn(data: Json | undefined, step: string | undefined): readonly Criterion[] {
  if (!Array.isArray(data)) return []
  return (data as readonly Json[]).flatMap((each) => {
    const name = field(each, 'name')
    const met = metIn(field(each, 'met'))
    if (typeof name !== 'string' || met === undefined) return []
    const measured = shown(field(each, 'measured') ?? field(each, 'why'))
    return [
      {
        name: inWords(name),
        ...(step === undefined ? {} : { step }),
        met,
        wanted: shown(field(each, 'wanted')),
        measured,
      },
    ]
  })
}

/** `errorRate` as `error rate`, `p50Ms` as `p50 latency`: the names of measures, for people. */
function inWords(name: string): string {
  return name.replace(/^(p\d+)Ms\b/, '$1 latency').replace(/[a-z][A-Z]/g, (two) => `${two[0]} ${two[1]?.toLowerCase()}`)
}

function metIn(value: Json | undefined): Criterion['met'] | undefined {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return value === 'yes' || value === 'no' || value === 'unknown' ? value : undefined
}

/** Figures that somebody measured and wrote down as JSON: what is not a figure is left out. */
export function readFigures(value: Json): Figures {
  const rows = figure(value, 'rows')
  const rowsPerSecond = figure(value, 'rowsPerSecond')
  return {
    ...figuresIn([{ level: 'note', code: 'report.figures', message: '', help: '', data: value }]),
    ...(rows === undefined ? {} : { rows }),
    ...(rowsPerSecond === undefined ? {} : { rowsPerSecond }),
  }
}

/** A criterion that was judged again counts as it was judged last. */
function lastOfEach(criteria: readonly Criterion[]): readonly Criterion[] {
  return [...new Map(criteria.map((each) => [`${each.step ?? ''} ${each.name}`, each])).values()]
}

function field(data: Json | undefined, key: string): Json | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
  return (data as { readonly [key: string]: Json })[key]
}

function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

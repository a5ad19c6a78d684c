/** What a plan expects of each step: rows, bytes and seconds, as its findings say. A step that no finding speaks of has no estimate. */
import type { Event } from '../core/event.ts'
import type { Finding } from '../core/finding.ts'
import type { Json } from '../core/json.ts'

/** Seconds of work, rows and bytes touched; a figure that no finding gave is absent. */
export interface Estimate {
  readonly rows?: number
  readonly bytes?: number
  readonly seconds?: number
}

/**
 * The estimate of each step by id. A finding is an estimate when its data holds `rows` or `bytes`; `seconds` may stand beside them.
 * A later finding of the same step wins figure by figure: it was made nearer to the start.
 */
export function estimates(findings: readonly Finding[]): ReadonlyMap<string, Estimate> {
  const found = new Map<string, Estimate>()
  for (const finding of findings) {
    const step = finding.at?.step
    const estimate = readEstimate(finding.data)
    if (step !== undefined && estimate) found.set(step, { ...found.get(step), ...estimate })
  }
  return found
}

/** What was expected of each step before it began: what was found afterwards was measured. */
export function expectations(events: readonly Event[]): ReadonlyMap<string, Estimate> {
  const begun = new Set<string>()
  const early = events.flatMap((event): readonly Finding[] => {
    if (event.type === 'run.opened' || event.type === 'run.amended') return event.plan.findings
    if (event.type === 'step.started') begun.add(event.step)
    return event.type === 'finding.made' && !begun.has(event.finding.at?.step ?? '') ? [event.finding] : []
  })
  return estimates(early)
}

function readEstimate(data: Json | undefined): Estimate | undefined {
  const rows = figure(data, 'rows')
  const bytes = figure(data, 'bytes')
  const seconds = figure(data, 'seconds')
  if (rows === undefined && bytes === undefined) return undefined
  return {
    ...(rows === undefined ? {} : { rows }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(seconds === undefined ? {} : { seconds }),
  }
}

/** A number in an object of data, if it is there. */
export function figure(data: Json | undefined, key: string): number | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
  const value = (data as { readonly [key: string]: Json })[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export interface Total {
  readonly seconds: number
  /** Steps that have an estimate of time. */
  readonly known: number
}

/** The steps run one after another, so the time of a plan is the sum over its steps. */
export function totalOf(steps: readonly { readonly id: string }[], by: ReadonlyMap<string, Estimate>): Total {
  const seconds = steps.flatMap((step) => by.get(step.id)?.seconds ?? [])
  return { seconds: seconds.reduce((sum, each) => sum + each, 0), known: seconds.length }
}

/** What the journal of a run says of how it went. Pure. */
import type { Event, RunState } from 'changeover'

/**
 * What turned a run back without a person. `step`: the one that failed or waited; `gate`: its guard that judged, or the step itself; `why`: what that saw;
 * `at`: when it said so, in milliseconds since 1970.
 */
export interface Trigger {
  readonly step: string
  readonly gate: string
  readonly why: string
  readonly at: number
}

/** Null where nothing turned it, or a person did. */
export function triggerOf(events: readonly Event[]): Trigger | null {
  const turned = events.findIndex((event) => event.type === 'run.turned' && event.automatic)
  for (const event of events.slice(0, Math.max(turned, 0)).toReversed()) {
    const at = Date.parse(event.at)
    if (event.type === 'step.failed' && event.error.code === 'gate.failed')
      return { step: event.step, ...judged(event.error.message, event.step), at }
    if (event.type === 'finding.made' && event.finding.code === 'guard.tripped') {
      const step = event.finding.at?.step ?? ''
      return { step, ...judged(event.finding.message, step), at }
    }
  }
  return null
}

const guarded = /^(?:while step "[^"]+" waited for a person: )?guard "([^"]+)": (.*)$/s

/** A guard that tripped stands before what it saw; a gate that is a step of its own does not. */
function judged(message: string, step: string): Pick<Trigger, 'gate' | 'why'> {
  const [, gate = step, why = message] = guarded.exec(message) ?? []
  return { gate, why }
}

/** The step that waits for a person now. */
export function askingStep(events: readonly Event[]): string | null {
  let asking: string | null = null
  for (const event of events) {
    if (event.type === 'approval.asked') asking = event.step
    if (event.type === 'approval.given') asking = null
  }
  return asking
}

/** The facts of every target are those of the start. */
export function isRestored({ outcome, findings }: RunState): boolean {
  return outcome === 'rolled-back' && findings.some((finding) => finding.code === 'run.restored')
}

/** From the turn to the end of the way back, restarts included. Milliseconds; null where it was not turned. */
export function wayBackMs(events: readonly Event[]): number | null {
  const turned = events.find((event) => event.type === 'run.turned' && event.way === 'back')
  const closed = events.findLast((event) => event.type === 'run.closed')
  return turned && closed ? Date.parse(closed.at) - Date.parse(turned.at) : null
}

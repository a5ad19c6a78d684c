/** What the journal of a run says of how it went. Pure. */
import type { Event, RunState } from 'changeover'

/** Why a gate or a guard turned a run back, and when. `at` in milliseconds since 1970. */
export interface Trigger {
  readonly step: string
  readonly why: string
  readonly at: number
}

/** Null where nothing turned it, or a person did. */
export function triggerOf(events: readonly Event[]): Trigger | null {
  for (const event of events)
    if (event.type === 'step.failed' && event.verb === 'apply' && event.error.code === 'gate.failed')
      return { step: event.step, why: event.error.message, at: Date.parse(event.at) }
  return null
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

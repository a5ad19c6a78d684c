/** What the events of a run tell of the rows that it moved. Pure. */
import type { Event } from 'changeover'

/** Rows that transformations finished, and the seconds that those steps took, from their own events. */
export function rowsMoved(events: readonly Event[]): { readonly rows: number; readonly seconds: number } {
  const moving = new Map<string, { began: number; rows: number }>()
  const total = { rows: 0, seconds: 0 }
  for (const event of events) {
    if (!('step' in event) || !('verb' in event) || event.verb !== 'apply') continue
    const at = Date.parse(event.at)
    if (event.type === 'step.started') moving.set(event.step, { began: at, rows: 0 })
    const step = moving.get(event.step)
    if (event.type === 'step.marked' && step && event.mark?.unit === 'rows')
      step.rows = Math.max(step.rows, event.mark.done ?? 0)
    if (event.type !== 'step.finished' || !step || !event.step.startsWith('transform-')) continue
    total.rows += step.rows
    total.seconds += (at - step.began) / 1000
  }
  return total
}

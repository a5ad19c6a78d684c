/** A report as one object for programs. Milliseconds, rates per second; the events whole, the facts of the plan left out. */
import type { Json } from '../core/json.ts'
import { eventJson } from './event-json.ts'
import type { Report } from './report.ts'

export function reportJson(report: Report): Json {
  const events = report.events.map(eventJson)
  return JSON.parse(JSON.stringify({ ...report, events })) as Json
}

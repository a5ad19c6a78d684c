/** Whether a run that has something to do has somebody who does it. Light: `status` loads it. */
import { hostname } from 'node:os'
import type { Journal } from '../core/event.ts'
import { type RunState, standing } from '../core/run.ts'

/** Who asked for a run, or for going on, has this long to become its runner, in milliseconds. */
const graceMs = 1_000

/** Nobody drives the run, though it is neither at rest nor waits for a person. `now` in milliseconds since 1970. */
export async function isRunnerGone(journal: Journal, run: string, state: RunState, now: number): Promise<boolean> {
  if (standing(state, true) !== 'interrupted' || now - Date.parse(state.changedAt) < graceMs) return false
  return !(await journal.hasRunner(run, hostname()))
}

/** The longest write pause of whole NeonHub runs under load, as the clients measured it; beside it the same time with no run at all. */
import { join } from 'node:path'
import { openJournalAt, systemClock } from 'changeover'
import type { ClientsReport } from '../../examples/neonhub/clients.ts'
import { openRig, type Rig } from '../../examples/neonhub/rig.ts'

export interface WholeRuns {
  readonly runs: number
  readonly rows: number
  readonly failedRequests: number
  readonly pausesMs: readonly number[]
  /** The step that ran, or had run last, when the longest pause of each run began; empty before the first. */
  readonly during: readonly string[]
  /** The 99th percentile of so many runs: of 20, the longest. */
  readonly p99Ms: number
  readonly medianMs: number
  /** The longest pause of each span of the same length in which nothing ran. */
  readonly quietMs: readonly number[]
}

export async function wholeRuns(runs: number, rows: number): Promise<WholeRuns> {
  const rig = await openRig('changeover-bench-', rows, 150)
  try {
    const pauses: number[] = []
    const during: string[] = []
    const quiet: number[] = []
    // Services and clients that have just begun make their own pauses.
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    for (let run = 0; run < runs; run++) {
      const began = Date.now()
      await mustEnd(rig, 0, 'run', '--yes', '--until', 'active')
      const ended = Date.now()
      const { longestWritePauseMs: pause, longestWritePauseAt: at } = await stats(rig, began, ended)
      pauses.push(pause)
      during.push(await stepAt(rig, began, at - pause))
      await mustEnd(rig, 5, 'rollback', '--yes')
      const still = Date.now()
      await new Promise((resolve) => setTimeout(resolve, Math.min(3_000, ended - began)))
      quiet.push((await stats(rig, still, Date.now())).longestWritePauseMs)
    }
    const sorted = [...pauses].sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0
    const failedRequests = (await stats(rig, 0, Date.now())).requests.failed
    return { runs, rows, failedRequests, pausesMs: pauses, during, p99Ms: at(0.99), medianMs: at(0.5), quietMs: quiet }
  } finally {
    await rig.close()
  }
}

async function mustEnd(rig: Rig, wanted: number, ...words: readonly string[]): Promise<void> {
  const { code, said } = await rig.changeover(...words)
  if (code !== wanted) throw new Error(`changeover ${words[0]} ended with ${code}: ${said.slice(-1_000)}`)
}

/** From the journal of the run that began after `from`. */
async function stepAt(rig: Rig, from: number, moment: number): Promise<string> {
  const journal = openJournalAt({ folder: join(rig.home, 'changeover'), clock: systemClock })
  let step = ''
  for (const run of await journal.runs()) {
    for (const event of await journal.read(run)) {
      const at = Date.parse(event.at)
      if (at >= from && at <= moment && event.type === 'step.started') step = event.step
    }
  }
  return step
}

async function stats(rig: Rig, from: number, to: number): Promise<ClientsReport> {
  const answer = await fetch(`http://127.0.0.1:${rig.hub.ports.clients}/stats?from=${from}&to=${to}`)
  return (await answer.json()) as ClientsReport
}

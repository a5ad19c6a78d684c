/** The longest write pause of whole NeonHub runs under load, as the clients measured it; beside it the same time with no run at all. */
import { join } from 'node:path'
import { openJournalAt, systemClock } from 'changeover'
import type { ClientsReport } from '../../examples/neonhub/clients.ts'
import { openRig, type Rig } from '../../examples/neonhub/rig.ts'

export interface WholeRuns {
  readonly runs: number
  readonly rows: number
  /** Runs that their own triggers turned back, as they do when the machine is busy with others; their pauses count. */
  readonly turnedBack: number
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
    let turnedBack = 0
    const quiet: number[] = []
    // Services and clients that have just begun make their own pauses.
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    for (let run = 0; run < runs; run++) {
      const began = Date.now()
      const back = (await mustEnd(rig, [0, rolledBack], 'run', '--yes', '--until', 'active')) === rolledBack
      const ended = Date.now()
      const { longestWritePauseMs: pause, longestWritePauseAt: at } = await stats(rig, began, ended)
      pauses.push(pause)
      during.push(await stepAt(rig, began, at - pause))
      if (back) {
        turnedBack += 1
        // A plan that a gate turned back is held until somebody says otherwise.
        await mustEnd(rig, [0], 'release', 'neonhub', '--note', 'the next run of the benchmark')
      } else await mustEnd(rig, [rolledBack], 'rollback', '--yes')
      const still = Date.now()
      await new Promise((resolve) => setTimeout(resolve, Math.min(3_000, ended - began)))
      quiet.push((await stats(rig, still, Date.now())).longestWritePauseMs)
    }
    const sorted = [...pauses].sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0
    const failedRequests = (await stats(rig, 0, Date.now())).requests.failed
    const percentiles = { p99Ms: at(0.99), medianMs: at(0.5) }
    return { runs, rows, turnedBack, failedRequests, pausesMs: pauses, during, ...percentiles, quietMs: quiet }
  } finally {
    await rig.close()
  }
}

const rolledBack = 5

async function mustEnd(rig: Rig, wanted: readonly number[], ...words: readonly string[]): Promise<number> {
  const { code, said } = await rig.changeover(...words)
  if (code !== null && wanted.includes(code)) return code
  throw new Error(`changeover ${words[0]} ended with ${code}: ${said.slice(-1_000)}`)
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

/** What a mirror was measured to cost, and how a person reads it. Measures nothing. */
import type { WholeRuns } from './whole-run.ts'

/** Rows a second by statement, and its share of the same statement without a mirror. */
type Rates = { readonly [name: string]: { readonly perSecond: number; readonly ofPlain: number } }
type Longest = { readonly medianMs: number; readonly p99Ms: number }

export interface MirrorFigures {
  readonly server: string
  readonly rows: number
  readonly rounds: number
  readonly sessions: number
  readonly writers: Rates
  readonly bulk: Rates
  readonly pause: Readonly<Record<'install' | 'removal' | 'nothing', Longest>> & {
    readonly of: number
    readonly writes: number
  }
  readonly whole: WholeRuns | null
}

export function printFigures(result: MirrorFigures): void {
  for (const part of ['writers', 'bulk'] as const) {
    console.log(part === 'writers' ? `single-row updates, ${result.sessions} sessions` : 'one statement')
    for (const [name, { perSecond, ofPlain }] of Object.entries(result[part]))
      console.log(`  ${name.padEnd(24)} ${String(perSecond).padStart(8)} rows/s  ${ofPlain.toFixed(2)} of no mirror`)
  }
  for (const name of ['install', 'removal', 'nothing'] as const) {
    console.log(
      `  longest write around ${name.padEnd(8)} p99 ${result.pause[name].p99Ms} ms, median ${result.pause[name].medianMs} ms of ${result.pause.of}`,
    )
  }
  const { whole } = result
  if (whole === null) return
  const quiet = Math.max(...whole.quietMs)
  console.log(
    `whole runs of NeonHub with ${whole.rows} users, ${whole.runs} of them: ${whole.turnedBack} turned back by their triggers, ${whole.failedRequests} requests failed`,
  )
  console.log(
    `  longest write pause p99 ${whole.p99Ms} ms, median ${whole.medianMs} ms; with nothing running ${quiet} ms`,
  )
  for (const [step, pauses] of Object.entries(byStep(whole))) console.log(`    ${step.padEnd(22)} ${pauses.join(' ')}`)
}

/** Where in the plan the longest pause of each run was, the worst first. */
function byStep({ pausesMs, during }: WholeRuns): { readonly [step: string]: readonly number[] } {
  const found: { [step: string]: number[] } = {}
  const worst = pausesMs.map((ms, at) => ({ ms, step: during[at] || 'before the first' })).sort((a, b) => b.ms - a.ms)
  for (const { ms, step } of worst) found[step] = [...(found[step] ?? []), Math.round(ms)]
  return found
}

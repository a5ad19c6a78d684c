/** What `npm run example:dwcp` measured, and how it is told at the end. Measures nothing itself. */
import type { ImpactRow, TableRow } from './tables.ts'
import type { ChaosReport } from './chaos-report.ts'
import type { LeakReport } from './leak-report.ts'
import type { FaultName } from './run-faults.ts'
import { runFaults } from './run-faults.ts'
import { type Rehearsed, secondsOf } from './waits.ts'

/** The object that `--json` ends with. Times in milliseconds but for `seconds`. */
export interface Summary {
  readonly outcome: string
  readonly seconds: number
  readonly nodes: number
  /** As the load saw them; `failedInChaos` of them while a node was killed or the network parted on purpose. */
  readonly requests: {
    /** Asked again, because a node or a machine was not where it was a moment ago. */
    readonly triedAgain: number
    readonly served: number
    readonly failed: number
    readonly failedInChaos: number
    readonly reasons: Readonly<Record<string, number>>
  }
  /** Pages of machines that were moved by the load, 4 KiB each. */
  readonly pages: number
  readonly machines: { readonly verified: number; readonly problems: readonly string[] }
  readonly fault: FaultName | null
  readonly rollback: string | null
  /** The gate or guard that turned it back, the step that it stood beside, and what it saw. */
  readonly trigger: {
    readonly step: string
    readonly gate: string
    readonly stage: string
    readonly why: string
  } | null
  /** From the trigger's word, or the emergency command, to the last node without a v3 feature; null where nothing was turned. */
  readonly undoneMs: number | null
  /** From the turn until every node ran v1 again. */
  readonly wayBackMs: number | null
  /** What a downgrade was refused for before it was settled. */
  readonly refusals: readonly string[]
  readonly baseline: readonly TableRow[]
  readonly impact: readonly ImpactRow[]
  /** Waits of the plan, and how long each takes here. */
  readonly rehearsed: readonly Rehearsed[]
  readonly soak: LeakReport | null
  readonly chaos: readonly ChaosReport[]
  /** After a rollback: flags, binaries and states are what they were, every machine is there; null where nothing was turned back. */
  readonly rolledBackEqual: boolean | null
  readonly messages: number
  readonly report: string
}

type Line = readonly [string, string]

export function summaryText(summary: Summary): string {
  const { requests, machines, nodes, seconds } = summary
  const chaos =
    requests.failedInChaos === 0 ? '' : `, ${count(requests.failedInChaos)} of them while harm was done on purpose`
  const problems =
    machines.problems.length === 0
      ? 'each once, with the memory its program gives'
      : `${machines.problems.length} WRONG`
  const lines: readonly Line[] = [
    ['time', `${seconds} s under load, ${nodes} nodes`],
    ['waits', rehearsedLine(summary.rehearsed)],
    ...turnedLines(summary),
    [
      'operations',
      `${count(requests.served)} served, ${count(requests.failed)} failed${chaos}; ${count(requests.triedAgain)} times asked again`,
    ],
    ['memory moved', `${count(summary.pages)} pages`],
    ['machines', `${machines.verified}: ${problems}`],
    ...summary.chaos.map(chaosLine),
    ...soakLines(summary.soak),
    ['team', `told ${summary.messages} times`],
    ['report', summary.report],
  ]
  const told = lines.map(([name, value]) => `  ${name.padEnd(18)} ${value}`)
  return [
    '',
    headOf(summary),
    ...told,
    ...baselineLines(summary.baseline),
    ...impactLines(summary.impact),
    '',
    '',
  ].join('\n')
}

function headOf({ outcome, trigger, fault, rollback }: Summary): string {
  if (trigger !== null && outcome === 'rolled-back')
    return `The fleet turned back by itself${fault === null ? ', though nothing was wrong on purpose' : `: ${runFaults[fault]}`}. Every node runs v1 again`
  if (rollback === 'full' && outcome === 'rolled-back')
    return 'The fleet went from v1 to v3 and back: every node runs v1 again'
  if (rollback === 'emergency') return 'The fleet runs v3 binaries, and every feature was switched off at once'
  if (rollback === 'gradual') return 'The fleet runs v3 binaries, and every feature was taken down in stages'
  return outcome === 'done'
    ? 'The fleet runs v3 with every feature on'
    : `The fleet stands where the run stopped: ${outcome}`
}

function turnedLines({ trigger, undoneMs, wayBackMs, rolledBackEqual, refusals }: Summary): readonly Line[] {
  return [
    ...(trigger === null ? [] : ([['caught by', `${trigger.gate} (${trigger.stage}): ${trigger.why}`]] as const)),
    ...(undoneMs === null
      ? []
      : ([['switched off', `${count(undoneMs)} ms until the last node had no v3 feature`]] as const)),
    ...(wayBackMs === null ? [] : ([['back', `${count(wayBackMs)} ms until every node ran v1 again`]] as const)),
    ...(refusals.length === 0
      ? []
      : ([['refused first', `${refusals.length} losses, such as ${refusals[0]}`]] as const)),
    ...(rolledBackEqual === null ? [] : ([['as it was', rolledBackEqual ? 'yes' : 'NO, see above']] as const)),
  ]
}

const chaosLine = ({ scenario, node, othersMs, recoveredMs, failed }: ChaosReport): Line => [
  scenario === 'kill' ? 'killed node' : 'partition',
  `${node}: the others whole after ${count(othersMs)} ms, all after ${count(recoveredMs)} ms more; ${failed} operations failed`,
]

/** `48h in 397 ms, 7d in 5 s (5 times), …` */
function rehearsedLine(waits: readonly Rehearsed[]): string {
  const counts = new Map<string, number>()
  for (const { of, ms } of waits) {
    const told = `${of}, rehearsed in ${secondsOf(ms)}`
    counts.set(told, (counts.get(told) ?? 0) + 1)
  }
  return [...counts].map(([told, times]) => (times === 1 ? told : `${times} times ${told}`)).join('; ')
}

function soakLines(soak: LeakReport | null): readonly Line[] {
  if (soak === null) return []
  const { seconds, percentPerMinute, keptPerByte, surelyKeptPerByte } = soak
  const kept = `${keptPerByte} bytes kept for each that moved, surely ${surelyKeptPerByte}`
  return [['memory', `${kept}; ${signed(percentPerMinute)} % a minute over ${seconds} s`]]
}

function baselineLines(rows: readonly TableRow[]): readonly string[] {
  if (rows.length === 0) return []
  const head = ['Metric', 'v1 baseline', 'v3 measured', 'target', 'threshold', 'verdict']
  const cells = rows.map(({ metric, v1, v3, target, threshold, verdict }) => [
    metric,
    v1,
    v3,
    target,
    threshold,
    verdict,
  ])
  return ['', "The guide's table 3.1, measured:", ...table([head, ...cells])]
}

function impactLines(rows: readonly ImpactRow[]): readonly string[] {
  if (rows.length === 0) return []
  const head = ['Impact against v1', 'expected', 'measured', '']
  const cells = rows.map(({ week, what, expected, measured, isAsExpected }) => [
    `${week}: ${what}`,
    expected,
    measured,
    isAsExpected ? 'as expected' : 'otherwise',
  ])
  return ['', ...table([head, ...cells])]
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
  return rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at]!)).join('  ')}`.trimEnd())
}

const signed = (value: number): string => `${value > 0 ? '+' : ''}${value}`
const count = (value: number): string => value.toLocaleString('en')

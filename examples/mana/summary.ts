/** What `npm run example:mana` measured, and how it is told at the end. Measures nothing itself. */
import type { Figure } from './figures.ts'
import { faults, type Fault } from './faults.ts'

/** The object that `--json` ends with. Times in milliseconds but for `seconds`. */
export interface Summary {
  readonly outcome: string
  readonly seconds: number
  /** The environment that it was to reach. */
  readonly environment: string
  readonly requests: {
    readonly served: number
    readonly failed: number
    readonly byV2: number
    readonly triedAgain: number
  }
  /** The longest that one request took, a restart of its node included. */
  readonly longestRequestMs: number
  /** Transactions that senders were promised, and senders that do not find what they were promised. */
  readonly transactions: { readonly promised: number; readonly lost: number }
  /** Null where nothing was turned back. */
  readonly rolledBackEqual: boolean | null
  /** Empty where the run did not come as far. */
  readonly targets: readonly Figure[]
  readonly fault: Fault | null
  /** The gate or guard that turned it back, the step that it stood beside, and what it saw. */
  readonly trigger: { readonly step: string; readonly gate: string; readonly why: string } | null
  /** From that gate's word to the last answer of v2 to anyone; null where v2 had answered nobody, or nothing was turned. */
  readonly undoneMs: number | null
  /** From the turn until every node runs as it did before. */
  readonly wayBackMs: number | null
  /** Messages that the team got. */
  readonly messages: number
  readonly report: string
}

export function summaryText(summary: Summary): string {
  const lines = [
    ...outcomeLines(summary),
    ['requests', requestWords(summary)] as const,
    ['longest request', `${count(summary.longestRequestMs)} ms, restarts of its node included`] as const,
    [
      'transactions',
      `${count(summary.transactions.promised)} promised, ${count(summary.transactions.lost)} lost`,
    ] as const,
    ['team', `told ${summary.messages} times`] as const,
    ['report', summary.report] as const,
  ]
  const told = lines.map(([name, value]) => `  ${name.padEnd(20)} ${value}`)
  return ['', headOf(summary), ...told, ...targetLines(summary.targets), ''].join('\n') + '\n'
}

function headOf({ outcome, fault, trigger, environment }: Summary): string {
  if (trigger !== null && outcome === 'rolled-back') {
    const why = fault === null ? 'though v2 has no fault' : faults[fault]
    return `Mana turned back by itself: ${why}. Every node runs v1 again`
  }
  if (outcome === 'rolled-back') return 'Mana went from v1 to v2 and back: every node runs v1 again'
  if (outcome === 'done') return 'Mana runs v2 in every environment, and v1 is retired'
  return `Mana went as far as ${environment}`
}

function outcomeLines(summary: Summary): readonly (readonly [string, string])[] {
  const { seconds, trigger, undoneMs, wayBackMs, rolledBackEqual } = summary
  const took = ['time', `${seconds} s under load`] as const
  if (rolledBackEqual === null) return [took]
  const last = undoneMs === null ? 'v2 had answered nobody' : `${count(undoneMs)} ms until the last answer of v2`
  return [
    took,
    ...(trigger === null ? [] : ([['caught by', `${trigger.gate}: ${trigger.why}`]] as const)),
    ['turned back', `${last}${wayBackMs === null ? '' : `, ${count(wayBackMs)} ms until all nodes were restarted`}`],
    ['as it was', rolledBackEqual ? 'yes: flags, nodes, and every promised transaction' : 'NO, see above'],
  ]
}

function requestWords({ requests }: Summary): string {
  const again = requests.triedAgain === 0 ? '' : `; ${count(requests.triedAgain)} waited for a node that restarted`
  return `${count(requests.served)} served, ${count(requests.failed)} failed; v2 answered ${count(requests.byV2)}${again}`
}

function targetLines(targets: readonly Figure[]): readonly string[] {
  if (targets.length === 0) return []
  return [
    '',
    "The guide's targets, measured:",
    ...targets.map((each) => {
      const change = `${each.changePercent > 0 ? '+' : ''}${each.changePercent} %`
      return `  ${each.met ? 'met   ' : 'MISSED'} ${each.name.padEnd(18)} ${change.padStart(9)} (${each.target}): v1 ${each.v1}, v2 ${each.v2} ${each.unit}`
    }),
  ]
}

function count(value: number): string {
  return value.toLocaleString('en')
}

/** Rounds in which every method has its turn, in an order that alternates; medians of rates and of ratios inside a round. */

import { cpus } from 'node:os'
import { type Spent, spent } from './cpu.ts'

export interface Method {
  readonly name: string
  readonly what: string
  /** The least ratio to the ceiling that must be reached, where one is promised. */
  readonly least?: number
  /** Beside the others, for comparison: once, with so many rows. */
  readonly once?: number
  prepare?(): Promise<void>
  run(rows: number): Promise<void>
}

export interface Figure {
  readonly name: string
  readonly what: string
  /** Rows per second, the median of the rounds. */
  readonly rowsPerSecond: number
  /** To the ceiling of the same round, the median. */
  readonly ratio: number
  readonly least?: number
  readonly runs: readonly number[]
}

/** `methods[0]` is the ceiling. `said` gets a line for each run. */
export async function inRounds(
  methods: readonly Method[],
  rows: number,
  rounds: number,
  said: (line: string) => void,
  pid = 0,
): Promise<readonly Figure[]> {
  const rates = new Map(methods.map((each) => [each.name, [] as number[]]))
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? methods : methods.toReversed()
    for (const method of order) {
      if (method.once !== undefined && round > 0) continue
      const many = Math.min(rows, method.once ?? rows)
      await method.prepare?.()
      const before = spent(pid)
      const start = performance.now()
      await method.run(many)
      const seconds = (performance.now() - start) / 1000
      const rate = many / seconds
      rates.get(method.name)?.push(rate)
      const cost = costOf(before, spent(pid), many, seconds)
      said(`round ${round + 1}  ${method.name.padEnd(16)} ${(rate / 1000).toFixed(1).padStart(6)} k rows/s${cost}`)
    }
  }
  const ceiling = rates.get(methods[0]?.name ?? '') ?? []
  return methods.map((method) => figure(method, rates.get(method.name) ?? [], ceiling))
}

/** Processor time a row, and how many cores were busy: what is left when both are, only less work makes faster. */
function costOf(before: Spent | undefined, after: Spent | undefined, rows: number, seconds: number): string {
  if (before === undefined || after === undefined) return ''
  const [ours, server] = [after.ours - before.ours, after.server - before.server]
  // A session that ends between two looks may be counted twice or not at all: better no figure than a wrong one.
  if ((ours + server) / 1e6 / seconds > cpus().length || server < 0) return ''
  const a = (micros: number): string => (micros / rows).toFixed(2)
  return `   node ${a(ours)} + server ${a(server)} µs a row, ${((ours + server) / 1e6 / seconds).toFixed(2)} cores busy`
}

function figure(method: Method, runs: readonly number[], ceiling: readonly number[]): Figure {
  return {
    name: method.name,
    what: method.what,
    rowsPerSecond: Math.round(median(runs)),
    ratio: Number(median(runs.map((rate, round) => rate / (ceiling[round] ?? rate))).toFixed(3)),
    ...(method.least === undefined ? {} : { least: method.least }),
    runs: runs.map(Math.round),
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** A line a method, and what was promised beside it. */
export function table(figures: readonly Figure[]): string {
  return figures
    .map((each) => {
      const rate = `${(each.rowsPerSecond / 1000).toFixed(1)} k/s`.padStart(11)
      const ratio = `${Math.round(each.ratio * 100)} %`.padStart(7)
      const promise =
        each.least === undefined ? '' : each.ratio >= each.least ? `≥ ${each.least}` : `MISSED ${each.least}`
      return `${each.name.padEnd(16)}${rate}${ratio}  ${promise.padEnd(12)}${each.what}`
    })
    .join('\n')
}

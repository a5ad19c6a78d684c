/** A figure of v1 beside v2, and whether it meets its target. Measures nothing. */

export interface Figure {
  readonly name: string
  readonly what: string
  readonly unit: string
  readonly v1: number
  readonly v2: number
  /** What v2 is beside v1, in percent of v1. */
  readonly changePercent: number
  readonly target: string
  readonly met: boolean
}

/** What `figures.ts --json` prints. */
export interface FiguresReport {
  readonly rounds: number
  readonly node: string
  readonly errors: number
  readonly figures: readonly Figure[]
}

export type Version = 'v1' | 'v2'
export type Measured = { readonly [version in Version]: number }
export type Runs<Value = number> = { readonly [version in Version]: Value[] }

/** `percent` more than v1: at least, or at most. */
export interface Target {
  readonly atLeast?: number
  readonly atMost?: number
}

export function figure(name: string, what: string, unit: string, { v1, v2 }: Measured, target: Target): Figure {
  const changePercent = Number((100 * (v2 / v1 - 1)).toFixed(1))
  const { atLeast = -Infinity, atMost = Infinity } = target
  const rounded = (value: number) => Number(value.toPrecision(4))
  return {
    name,
    what,
    unit,
    v1: rounded(v1),
    v2: rounded(v2),
    changePercent,
    target: target.atLeast === undefined ? `at most +${atMost} %` : `at least +${atLeast} %`,
    met: changePercent >= atLeast && changePercent <= atMost,
  }
}

/** Calls `measure` for both versions in each round, the order changing from round to round. */
export async function inTurns<Value>(
  rounds: number,
  measure: (version: Version) => Promise<Value>,
): Promise<Runs<Value>> {
  const runs: Runs<Value> = { v1: [], v2: [] }
  const versions = Object.keys(runs) as Version[]
  for (let round = 0; round < rounds; round++)
    for (const version of round % 2 === 0 ? versions : versions.toReversed()) runs[version].push(await measure(version))
  return runs
}

export function medians<Value>(runs: Runs<Value>, read: (value: Value) => number): Measured {
  return { v1: median(runs.v1.map(read)), v2: median(runs.v2.map(read)) }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** What came of the load, as whoever asked has seen it: served, failed and how long it took, by operation. Asks nobody. */

export const operations = ['migrate', 'read', 'propose', 'note'] as const
export type Operation = (typeof operations)[number]

interface Quantiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}
export interface LoadFigures {
  readonly seconds: number
  readonly served: number
  readonly failed: number
  readonly byOperation: Readonly<
    Record<Operation, { readonly served: number; readonly failed: number; readonly latencyMs: Quantiles }>
  >
  readonly movedBytes: number
  readonly movedBytesPerSecond: number
  /** Questions that were asked again, of this node or another. */
  readonly triedAgain: number
  readonly reasons: Readonly<Record<string, number>>
  /** When the operations that failed began, the last 1000. Milliseconds since 1970, as below. */
  readonly failedFrom: readonly number[]
  /** When the oldest that is under way began; null where none is. */
  readonly underWayFrom: number | null
}
interface Tally {
  readonly latencies: number[]
  served: number
  failed: number
}

/** Counts what is asked. Times are of `performance.now()`, but where they are shown. */
export class LoadTally {
  readonly #of = new Map(operations.map((each): [Operation, Tally] => [each, { latencies: [], served: 0, failed: 0 }]))
  readonly #reasons = new Map<string, number>()
  /** When each that is under way began, the oldest first. */
  readonly #begun = new Map<number, number>()
  readonly #failedFrom: number[] = []
  readonly #began = performance.now()
  #endedAt = 0
  #movedBytes = 0
  triedAgain = 0

  /** When it began, for `over`. */
  begin(turn: number): number {
    this.#begun.set(turn, Date.now())
    return performance.now()
  }

  served(operation: Operation, movedBytes: number): void {
    this.#of.get(operation)!.served++
    this.#movedBytes += movedBytes
  }

  failed(operation: Operation, turn: number, error: unknown): void {
    this.#of.get(operation)!.failed++
    this.#failedFrom.push(this.#begun.get(turn) ?? Date.now())
    if (this.#failedFrom.length > 1_000) this.#failedFrom.shift()
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll(/"[^"]*"|\d{3,}/g, '…')
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
  }

  over(operation: Operation, turn: number, began: number): void {
    this.#begun.delete(turn)
    const { latencies } = this.#of.get(operation)!
    latencies.push(performance.now() - began)
    if (latencies.length > 5_000) latencies.shift()
  }

  /** Nothing more is asked. */
  end(): void {
    this.#endedAt ||= performance.now()
  }

  figures(): LoadFigures {
    const seconds = ((this.#endedAt || performance.now()) - this.#began) / 1_000
    const all = [...this.#of.values()]
    return {
      seconds: rounded(seconds),
      served: all.reduce((sum, each) => sum + each.served, 0),
      failed: all.reduce((sum, each) => sum + each.failed, 0),
      byOperation: Object.fromEntries(
        [...this.#of].map(([name, { served, failed, latencies }]) => [
          name,
          { served, failed, latencyMs: quantiles(latencies) },
        ]),
      ) as LoadFigures['byOperation'],
      movedBytes: this.#movedBytes,
      movedBytesPerSecond: Math.round(this.#movedBytes / seconds),
      triedAgain: this.triedAgain,
      reasons: Object.fromEntries(this.#reasons),
      failedFrom: [...this.#failedFrom],
      underWayFrom: this.#begun.values().next().value ?? null,
    }
  }

  metrics(): string {
    const counts = [...this.#of].flatMap(([operation, { served, failed }]) => [
      `dwcp_load_operations_total{operation="${operation}",outcome="ok"} ${served}`,
      `dwcp_load_operations_total{operation="${operation}",outcome="failed"} ${failed}`,
    ])
    const seconds = [...this.#of].flatMap(([operation, { latencies }]) =>
      Object.entries(quantiles(latencies)).map(
        ([name, ms]) => `dwcp_load_seconds{operation="${operation}",quantile="${name}"} ${ms / 1_000}`,
      ),
    )
    return [
      '# HELP dwcp_load_operations_total Operations as the load has seen them.\n# TYPE dwcp_load_operations_total counter',
      ...counts,
      '# HELP dwcp_load_seconds Latency of the last 5000 operations.\n# TYPE dwcp_load_seconds gauge',
      ...seconds,
      '# HELP dwcp_load_moved_bytes_total Memory of machines that moved.\n# TYPE dwcp_load_moved_bytes_total counter',
      `dwcp_load_moved_bytes_total ${this.#movedBytes}`,
      '',
    ].join('\n')
  }
}

const rounded = (value: number): number => Number(value.toFixed(3))

function quantiles(latencies: readonly number[]): Quantiles {
  const sorted = [...latencies].sort((a, b) => a - b)
  const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

/** The memory of a fleet and the pages it moves, kept for as long as somebody may want to lay a line through them. Judges nothing. */
import { readPage } from '../../src/metrics/index.ts'

export interface MemoryPoint {
  readonly seconds: number
  /** Bytes, of all nodes. */
  readonly memory: number
  /** Bytes of pages that were moved since the monitor began. */
  readonly moved: number
}
export interface MemoryWatch {
  /** Of the last so many seconds, the oldest first. */
  last(seconds: number): readonly MemoryPoint[]
  stop(): void
}

const everyMs = 500
/** Two minutes. */
const kept = 240

/** `page`: the page of the monitor as it is now. */
export function watchMemory(page: () => string): MemoryWatch {
  let points: readonly MemoryPoint[] = []
  const timer = setInterval(() => (points = [...points.slice(1 - kept), pointOf(page())]), everyMs)
  return {
    last: (seconds) => points.filter((each) => each.seconds >= performance.now() / 1_000 - seconds),
    stop: () => clearInterval(timer),
  }
}

function pointOf(page: string): MemoryPoint {
  const series = readPage(page, false)
  const sum = (wanted: string, of?: string): number =>
    series
      .filter(({ name, labels }) => name === wanted && labels['of'] === of)
      .reduce((all, { value }) => all + value, 0)
  return {
    seconds: performance.now() / 1_000,
    memory: sum('process_resident_memory_bytes'),
    moved: sum('dwcp_page_raw_bytes_total', 'all'),
  }
}

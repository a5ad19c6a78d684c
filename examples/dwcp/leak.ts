/** `leak.ts HOME SECONDS`: watches the memory of the fleet while pages move, lays a line through both, and prints how much is kept, and how much surely. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPage } from '../../src/metrics/index.ts'
import type { LeakReport } from './leak-report.ts'
import { lineThrough } from './line.ts'
import { planIn } from './plan-environment.ts'

interface Point {
  readonly seconds: number
  readonly memory: number
  readonly moved: number
}

const everyMs = 500
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const rounded = (value: number): number => Math.round(value * 100) / 100

async function look(door: string, began: number): Promise<Point> {
  const series = readPage(await (await fetch(`${door}/metrics`)).text(), false)
  const sum = (wanted: string, of?: string): number =>
    series
      .filter(({ name, labels }) => name === wanted && labels['of'] === of)
      .reduce((all, { value }) => all + value, 0)
  return {
    seconds: (performance.now() - began) / 1_000,
    memory: sum('process_resident_memory_bytes'),
    moved: sum('dwcp_page_raw_bytes_total', 'all'),
  }
}

function reportOf(points: readonly Point[]): LeakReport {
  const inTime = lineThrough(points.map(({ seconds, memory }) => [seconds, memory]))
  const byWork = lineThrough(points.map(({ moved, memory }) => [moved, memory]))
  const [first, last] = [points[0]!, points.at(-1)!]
  return {
    seconds: Math.round(last.seconds - first.seconds),
    meanBytes: Math.round(inTime.mean),
    movedBytes: last.moved - first.moved,
    percentPerMinute: rounded((inTime.slope * 60 * 100) / inTime.mean),
    keptPerByte: rounded(byWork.slope),
    surelyKeptPerByte: rounded(byWork.slope - 1.96 * byWork.slopeError),
  }
}

const [home = '', wanted = '15'] = process.argv.slice(2)
const { door } = planIn(process.env)
const began = performance.now()
const points: Point[] = []
for (; performance.now() - began < Number(wanted) * 1_000; await pause(everyMs)) points.push(await look(door, began))
const report = reportOf(points)
writeFileSync(join(home, 'soak.json'), JSON.stringify(report))
process.stdout.write(`${JSON.stringify(report)}\n`)

/** `leak.ts HOME SECONDS`: lays a line through the memory of the fleet and the pages it moved in the last seconds, and prints how much is kept, and how much surely. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LeakReport } from './leak-report.ts'
import { lineThrough } from './line.ts'
import type { MemoryPoint } from './memory-watch.ts'
import { planIn } from './plan-environment.ts'

const rounded = (value: number): number => Math.round(value * 100) / 100

function reportOf(points: readonly MemoryPoint[]): LeakReport {
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

const [home = '', seconds = ''] = process.argv.slice(2)
const { door } = planIn(process.env)
const report = reportOf((await (await fetch(`${door}/memory/${seconds}`)).json()) as readonly MemoryPoint[])
writeFileSync(join(home, 'soak.json'), JSON.stringify(report))
process.stdout.write(`${JSON.stringify(report)}\n`)

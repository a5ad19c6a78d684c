/** `leak.ts HOME SECONDS`: watches the memory of the fleet, lays a line through it, and prints by how much it grows, and by how much it surely does. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPage } from '../../src/metrics/index.ts'
import type { LeakReport } from './leak-report.ts'
import { type Line, lineThrough } from './line.ts'
import { planIn } from './plan-environment.ts'

const everyMs = 500
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function memoryOf(door: string): Promise<number> {
  const text = await (await fetch(`${door}/metrics`)).text()
  return readPage(text, false)
    .filter(({ name }) => name === 'process_resident_memory_bytes')
    .reduce((sum, { value }) => sum + value, 0)
}

function reportOf(seconds: number, { mean, slope, slopeError }: Line): LeakReport {
  const percent = (perSecond: number): number => Math.round(((perSecond * 60 * 100) / mean) * 100) / 100
  return {
    seconds,
    meanBytes: Math.round(mean),
    percentPerMinute: percent(slope),
    surelyPercentPerMinute: percent(slope - 1.96 * slopeError),
  }
}

const [home = '', wanted = '15'] = process.argv.slice(2)
const seconds = Number(wanted)
const began = performance.now()
const points: (readonly [number, number])[] = []
while (performance.now() - began < seconds * 1_000) {
  points.push([(performance.now() - began) / 1_000, await memoryOf(planIn(process.env).door)])
  await pause(everyMs)
}
const report = reportOf(seconds, lineThrough(points))
writeFileSync(join(home, 'soak.json'), JSON.stringify(report))
process.stdout.write(`${JSON.stringify(report)}\n`)

/** `figures-once FILE …`, as it was built: the targets measured once, by `figures …`, and kept in FILE: who asks again, or at the same time, gets the same figures. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FiguresReport } from './figures/figure.ts'

const [file = 'figures.json', ...words] = process.argv.slice(2)

/** True for the one that makes the folder: it measures, all others wait for the file. */
function isFirst(): boolean {
  try {
    mkdirSync(`${file}.taken`)
    return true
  } catch {
    return false
  }
}

function measure(): void {
  const program = join(import.meta.dirname, 'figures.js')
  const done = spawnSync(process.execPath, [program, '--json', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (done.status !== 0) throw new Error(`figures ended with ${done.status ?? done.signal}`)
  const report = JSON.parse(done.stdout) as FiguresReport
  const byName = Object.fromEntries(report.figures.map((each) => [each.name, each]))
  writeFileSync(`${file}.new`, JSON.stringify({ ...report, byName }))
  renameSync(`${file}.new`, file)
}

if (!existsSync(file) && isFirst()) measure()
while (!existsSync(file)) await sleep(50)
process.stdout.write(readFileSync(file, 'utf8'))

/** `changeover status` against an empty Node process: interleaved rounds, medians, and their ratio; at most 2 is wanted.
 * A journal of a run of 2,000 events lies in a temporary folder. `--json` prints one object.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openJournalAt } from '../src/engine/journal-files.ts'
import { plainClock } from '../src/cli/clock.ts'
import { halfRun } from '../test/views/sample-run.ts'
import { median } from './rig/rounds.ts'

const rounds = 10
const main = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js')

/** Milliseconds of one process from start to end. */
function time(args: readonly string[], cwd: string): number {
  const started = process.hrtime.bigint()
  const ended = spawnSync(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
  if (ended.status !== 0) throw new Error(`node ${args.join(' ')}: ${ended.stderr}`)
  return Number(process.hrtime.bigint() - started) / 1e6
}

async function writeJournal(folder: string): Promise<void> {
  const journal = openJournalAt({ folder: join(folder, '.changeover'), clock: plainClock })
  let seq = 0
  for (const event of halfRun) {
    const { seq: _seq, at: _at, ...what } = event
    await journal.append('neonhub-1', what as typeof event, seq++)
  }
  for (let done = 40_000; seq < 2000; done += 20) {
    const mark = { at: done, done, of: 100_000, unit: 'rows' }
    await journal.append('neonhub-1', { type: 'step.marked', step: 'users', verb: 'apply', mark }, seq++)
  }
  writeFileSync(join(folder, 'changeover.yaml'), 'name: neonhub\n')
}

const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))
try {
  await writeJournal(folder)
  const empty: number[] = []
  const status: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const [first, second] = [time(['-e', '0'], folder), time([main, 'status'], folder)]
    // The first round warms the caches of the disk.
    if (round === 0) continue
    empty.push(first)
    status.push(second)
  }
  const result = { rounds, emptyMs: median(empty), statusMs: median(status), ratio: median(status) / median(empty) }
  if (process.argv.includes('--json')) console.log(JSON.stringify(result))
  else
    console.log(
      `empty node ${result.emptyMs.toFixed(1)} ms, status ${result.statusMs.toFixed(1)} ms, ratio ${result.ratio.toFixed(2)} (bar 2.00), medians of ${rounds} interleaved rounds`,
    )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** `changeover verify`: whether the system is what the run left, at any time. Exit 3 when it is not. */
import { blocks } from '../../core/finding.ts'
import { verifyRun } from '../../engine/index.ts'
import { findingLines } from '../../views/index.ts'
import type { Common, Door } from '../door.ts'
import { findRun } from '../journal.ts'
import { openBenchFor } from '../open.ts'

export async function verify(options: Common, door: Door): Promise<number> {
  const bench = await openBenchFor(options, door)
  try {
    const run = await findRun(bench.journal, options)
    const findings = await verifyRun(bench, run)
    const stops = blocks(findings).length
    if (door.json) door.out(`${JSON.stringify({ run, blocks: stops, findings })}\n`)
    else for (const line of findingLines(findings, door.paint, door.width())) door.out(`${line}\n`)
    return stops === 0 ? 0 : 3
  } finally {
    await bench.close()
  }
}

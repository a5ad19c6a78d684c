/** Takes back what a transformation wrote, chunk by chunk from the last one; a chunk that is taken back is no longer in the ledger. */
import type { Mark, Writing } from '../../../core/kind.ts'
import { type Chunk, type Job, type KeyRange, ledger, moves, type Tally } from '../../../rows/index.ts'
import { readJob } from './hands.ts'
import { type Mirrors, mirrorsOf, refuseNoted, untilCarried } from './noted.ts'
import { routeOf, type Work } from './work.ts'

type At = Writing<{ readonly database: 'database' }>

/** A hand on another machine may still hold a chunk: it is waited for. */
const lockMs = 60_000

export async function* undoTransform(work: Work, at: At): AsyncGenerator<Mark> {
  const job = await readJob(at)
  if (job !== undefined) {
    // From here on no hand claims a chunk; those that hold one finish it, and it is taken back like the others.
    await at.on.database.run(ledger.setJob, [at.run, at.step, 'undone'], { lockMs })
    const [counts] = await at.on.database.rows<Tally>(ledger.tally, [at.run, at.step])
    const all = counts?.rows ?? 0
    const mirrors = await mirrorsOf(work, at.on.database)
    let undone = 0
    for (;;) {
      const rows = await untilCarried(work, mirrors, at, () => takeBackOne(work, at, job, mirrors))
      if (rows === undefined) break
      undone += rows
      yield { at: { rows: undone }, done: undone, of: Math.max(all, undone), unit: 'rows' }
    }
    await at.on.database.transaction(
      async (tx) => {
        for (const statement of ledger.dropJob) await tx.run(statement, [at.run, at.step])
      },
      { lockMs },
    )
  }
  await at.on.database.run(ledger.dropLedger, undefined, { lockMs })
}

/** The rows of the chunk that was taken back, or undefined where none is left. */
async function takeBackOne(work: Work, at: At, job: Job, mirrors: Mirrors): Promise<number | undefined> {
  const route = routeOf(work)
  return at.on.database.transaction(
    async (tx) => {
      const [chunk] = await tx.rows<Chunk>(ledger.takeBack, [at.run, at.step])
      if (chunk === undefined) return undefined
      await tx.rows(ledger.asTool)
      const range: KeyRange = { low: chunk.low_key, high: chunk.high_key }
      const names = work.layout.writes.map(({ name }) => name)
      const rows =
        chunk.state === 'done'
          ? await tx.run(
              work.inPlace ? moves.clearRange(route, names, range) : moves.deleteRange(route, range, job.fresh),
            )
          : 0
      // The rows are locked now. What a client wrote there, and a mirror only noted, is not on the other side yet.
      await refuseNoted(work, mirrors, tx, range, 'all')
      await tx.run(ledger.dropChunk, [at.run, at.step, chunk.number])
      return rows
    },
    { lockMs },
  )
}

/** The worker of a lens without SQL: carries over, in order, what the triggers noted. Each batch with its notes in one transaction. */
import { ChangeoverError, isChangeoverError } from '../../../core/errors.ts'
import type { Clock, Mark } from '../../../core/kind.ts'
import type { SqlSession, SqlWriter } from '../../../core/ports/index.ts'
import type { CompiledLens } from '../../../lens/index.ts'
import { changesTable } from '../../../mirror/index.ts'
import { postgresWriter, RowPipe } from '../../../rows/index.ts'
import { compiled } from './laws.ts'
import { mergeRow } from './merge.ts'
import { batchShape, createStage, lockKeys, readBatch, stageName, writeBack } from './batch.ts'
import type { MirrorWork } from './spec.ts'

export interface FollowAt {
  readonly on: { readonly database: SqlWriter }
  readonly clock: Clock
  readonly signal: AbortSignal
  load(reference: string): Promise<unknown>
}

/** Keys of one transaction, and the pause when nothing is noted, milliseconds. */
const batchKeys = 200
const idleMs = 100
const lockMs = 2000
/** Rows under way at once through a lens that answers later. */
const width = 32

/** What one worker knows: the lens, and the keys whose rows it refused. Their notes stay, and are shown as lag. */
interface Hand {
  readonly lens: CompiledLens
  readonly refused: Map<string, string>
}

/** Works until `quit`; the row locks of the batches keep several workers out of each other's way. */
export async function follow(work: MirrorWork, at: FollowAt, quit: AbortSignal): Promise<void> {
  if (work.mode !== 'notes') return
  const hand = await openHand(work, at)
  while (!quit.aborted) {
    const carried = await at.on.database.transaction((tx) => carryBatch(work, hand, tx), { lockMs }).catch(unlessLocked)
    if (carried === 0) await at.clock.sleep(idleMs, AbortSignal.any([quit, at.signal])).catch(() => undefined)
    at.signal.throwIfAborted()
  }
}

/** Carries over until nothing is noted; yields the lag. Error `rows.rejected` when the lens refuses rows: what was written there would be lost. */
export async function* settle(work: MirrorWork, at: FollowAt): AsyncGenerator<Mark> {
  if (!(await isNoted(at.on.database))) return
  const hand = await openHand(work, at)
  for (let done = 0; ;) {
    const carried = await at.on.database.transaction((tx) => carryBatch(work, hand, tx), { lockMs })
    if (carried === 0) break
    const left = await pending(work, at.on.database)
    yield { at: { carried: (done += carried) }, done, of: done + left, unit: 'changes', note: `${left} changes wait` }
  }
  judge(work, hand)
}

/** The last of it, in the transaction that holds the tables still. */
export async function settleAll(work: MirrorWork, at: FollowAt, tx: SqlSession): Promise<void> {
  if (work.mode === 'tables') await tx.run(`SELECT changeover.${postgresWriter.quote(`${work.shape.name}_settle`)}()`)
  if (work.mode !== 'notes' || !(await isNoted(tx))) return
  const hand = await openHand(work, at)
  while ((await carryBatch(work, hand, tx)) > 0);
  judge(work, hand)
}

/** A client holds a row: the notes are still there, and the next round finds them. */
function unlessLocked(error: unknown): number {
  if (isChangeoverError(error) && error.code === 'target.lock') return 0
  throw error
}

async function openHand(work: MirrorWork, at: FollowAt): Promise<Hand> {
  return { lens: await compiled(work, at, new Date(at.clock.now()).toISOString()), refused: new Map() }
}

async function isNoted(db: Pick<SqlSession, 'rows'>): Promise<boolean> {
  const [seen] = await db.rows<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [changesTable])
  return seen?.there === true
}

async function pending(work: MirrorWork, db: Pick<SqlSession, 'rows'>): Promise<number> {
  const [seen] = await db.rows<{ left: number }>(
    `SELECT count(*)::int AS left FROM ${changesTable} WHERE mirror = $1`,
    [work.shape.name],
  )
  return seen?.left ?? 0
}

function judge(work: MirrorWork, hand: Hand): void {
  const [first] = hand.refused
  if (first === undefined) return
  const message = `the lens refuses ${hand.refused.size} rows of "${work.shape.old.table}" that were written meanwhile: ${first[0]}: ${first[1]}`
  throw new ChangeoverError('rows.rejected', message, 'mend these rows or the lens, then go on')
}

/** How many keys were carried over. Locked first, read then: while a row is locked, nothing more can be noted for it. */
async function carryBatch(work: MirrorWork, hand: Hand, tx: SqlSession): Promise<number> {
  await tx.rows("SELECT set_config('changeover.writer', 'tool', true)")
  const picked = await tx.rows<{ key: string }>(
    `SELECT key FROM ${changesTable} WHERE mirror = $1 AND key <> ALL ($2::text[]) GROUP BY key ORDER BY min(seq) LIMIT ${batchKeys}`,
    [work.shape.name, [...hand.refused.keys()]],
  )
  const keys = picked.map((each) => each.key)
  if (keys.length === 0) return 0
  await tx.run(lockKeys(work, keys))
  const [last] = await tx.rows<{ seq: string }>(
    `SELECT max(seq)::text AS seq FROM ${changesTable} WHERE mirror = $1 AND key = ANY ($2::text[])`,
    [work.shape.name, keys],
  )
  const blocks = await throughLens(work, hand, tx, keys)
  if (blocks.length > 0) {
    await tx.run(createStage(work))
    await tx.copyIn(`COPY ${stageName} FROM STDIN (FORMAT binary)`, stream(blocks))
    await tx.run(writeBack(work))
    await tx.run(`DROP TABLE ${stageName}`)
  }
  await tx.run(
    `DELETE FROM ${changesTable} WHERE mirror = $1 AND key = ANY ($2::text[]) AND key <> ALL ($3::text[]) AND seq <= $4::bigint`,
    [work.shape.name, keys, [...hand.refused.keys()], last!.seq],
  )
  return keys.length
}

async function throughLens(
  work: MirrorWork,
  hand: Hand,
  tx: SqlSession,
  keys: readonly string[],
): Promise<readonly Buffer[]> {
  const pipe = new RowPipe(batchShape(work), async (doc) => {
    try {
      return await mergeRow(work, hand.lens, doc)
    } catch (error) {
      hand.refused.set(String(doc.key), error instanceof Error ? error.message : String(error))
      throw error
    }
  })
  const blocks: Buffer[] = []
  for await (const block of tx.copyOut(readBatch(work, keys))) blocks.push(...(await pipe.pushLater(block, width)))
  blocks.push(...pipe.end())
  const [refused] = pipe.refused
  if (refused !== undefined && hand.refused.size === 0)
    throw new ChangeoverError(
      'rows.rejected',
      `a row of "${work.shape.old.table}" cannot be written: ${refused.reason}`,
      'mend the lens',
    )
  return pipe.rows === 0 ? [] : blocks
}

async function* stream(blocks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* blocks
}

/** Moves one chunk inside one transaction: the rows, their count and hash, the done mark, and the rows that were refused. */
import type { SqlSession } from '../../../core/ports/index.ts'
import {
  type Blocks,
  type Chunk,
  type Expression,
  type Key,
  type KeyRange,
  ledger,
  moves,
  type PipeShape,
  type Refusal,
  type Route,
  RowPipe,
} from '../../../rows/index.ts'
import { type Compiled, withoutValues } from './lens.ts'
import { type Mirrors, refuseNoted, unnoted } from './noted.ts'
import { isData, reasonOf, sqlState } from './refused-rows.ts'
import type { Work } from './work.ts'

/**
 * `straight`: no row of the chunk can be there. `merge`: some are, and only the others are read. `stage`: others write them at the same
 * moment. `careful`: halves the chunk to find the rows the server refuses.
 */
export type Mode = 'straight' | 'merge' | 'stage' | 'careful'

/** What a hand has prepared once for all its chunks. */
export interface Tools {
  readonly run: string
  readonly step: string
  readonly work: Work
  readonly route: Route
  readonly sql: readonly Expression[] | undefined
  readonly lens: Compiled
  readonly shape: PipeShape
  readonly keyed: PipeShape
  /** The quoted name of the temporary table. */
  readonly stage: string
  readonly blocks: Blocks
  readonly mirrors: Mirrors
  now(): number
}

export interface Moved {
  readonly rows: number
  readonly ms: number
  readonly bytes: number
  readonly rejects: number
}

/** Rows under way at once through a lens that answers later. */
const width = 64
/** Rejects kept of one chunk; the rest is only counted. */
const kept = 1000

/** More rows of one chunk are refused than the plan tolerates: the chunk stays free, what was found is for people. */
export class TooMany extends Error {
  readonly number: number
  readonly refused: readonly Refusal[]
  constructor(number: number, refused: readonly Refusal[]) {
    super('more rows are refused than tolerated')
    this.number = number
    this.refused = refused
  }
}

/** A row was written between its reading and its writing here: what was computed is of the row as it was. The chunk is moved again. */
export class Changed extends Error {}

/** Claims a free chunk and moves it. Undefined where none is free. Throws what the server throws: then nothing of it happened. */
export async function moveOne(tools: Tools, tx: SqlSession, mode: Mode): Promise<Moved | undefined> {
  const { run, step, route, work } = tools
  const started = tools.now()
  const [chunk] = await tx.rows<Chunk>(ledger.claimChunk, [run, step])
  if (!chunk) return undefined
  await tx.rows(ledger.asTool)
  const range = { low: chunk.low_key, high: chunk.high_key }
  const refused: Refusal[] = []
  const used = mode === 'straight' && !work.inPlace && (await anyThere(tools, tx, range)) ? 'merge' : mode
  const bytes =
    used === 'careful'
      ? await carefully(tools, tx, chunk.number, range, refused)
      : await moveRange(tools, tx, range, used, refused)
  // A row that a new client deleted while we held the old one: the note of it is all that is left of the deletion.
  if (!work.inPlace) await refuseNoted(work, tools.mirrors, tx, range, 'own')
  const [there] = await tx.rows<{ rows: number; hash: string | null }>(moves.countThere(route, range))
  const rows = there?.rows ?? 0
  const ms = tools.now() - started
  const done = [
    run,
    step,
    chunk.number,
    rows,
    there?.hash ?? null,
    refused.length,
    Math.round(ms),
    `${work.path}/${used}`,
  ]
  await tx.run(ledger.finishChunk, done)
  if (refused.length > 0) await noteRefused(tools, tx, chunk.number, refused)
  return { rows, ms, bytes, rejects: refused.length }
}

export async function noteRefused(
  tools: Pick<Tools, 'run' | 'step'>,
  tx: SqlSession,
  number: number,
  refused: readonly Refusal[],
): Promise<void> {
  await tx.run(ledger.noteRejects, [tools.run, tools.step, number, JSON.stringify(refused.slice(0, kept))])
}

async function anyThere(tools: Tools, tx: SqlSession, range: KeyRange): Promise<boolean> {
  const [answer] = await tx.rows<{ there: boolean }>(moves.anyThere(tools.route, range))
  return answer?.there === true
}

/** Moves a range; the bytes that came through this process. */
async function moveRange(
  tools: Tools,
  tx: SqlSession,
  range: KeyRange,
  mode: Mode,
  refused: Refusal[],
): Promise<number> {
  const { route, work, sql } = tools
  if (sql !== undefined) {
    const text = work.inPlace
      ? moves.updateRange(route, sql, range)
      : moves.insertSelect(route, sql, range, mode !== 'straight')
    await tx.run(text)
    return 0
  }
  const whole = work.path === 'copy' && (mode === 'straight' || mode === 'merge')
  const shape = whole ? tools.shape : tools.keyed
  const pipe = new RowPipe(shape, tools.lens.forward, withoutValues, tools.blocks)
  const blocks: Buffer[] = []
  const which = work.inPlace ? 'in place' : mode === 'merge' ? 'missing' : 'all'
  const read = whole ? moves.copyOut(route, range, which) : moves.copyKeyed(route, range, shape.was, which)
  for await (const block of tx.copyOut(read)) {
    for (const ready of tools.lens.async ? await pipe.pushLater(block, width) : pipe.push(block)) blocks.push(ready)
  }
  for (const ready of pipe.end()) blocks.push(ready)
  refused.push(...pipe.refused)
  if (pipe.rows > 0 && whole) await tx.copyIn(moves.copyStraight(route), stream(blocks))
  else if (pipe.rows > 0) await join(tools, tx, range, blocks, pipe.rows, mode)
  tools.blocks.giveBack(blocks)
  return pipe.bytesIn
}

/** What was computed here, over a stage, to the rows it came from. */
async function join(
  { work, route, stage, mirrors }: Tools,
  tx: SqlSession,
  range: KeyRange,
  blocks: readonly Buffer[],
  rows: number,
  mode: Mode,
): Promise<void> {
  await tx.run(moves.createStage(route, stage))
  // Halves of one chunk share the transaction, so that what the first left must go.
  if (mode === 'careful') await tx.run(`DELETE FROM ${stage}`)
  await tx.copyIn(moves.copyStage(route, stage), stream(blocks))
  if (work.inPlace) {
    // A noted row is the worker's: it knows which of the two shapes was written.
    await tx.run(moves.updateFromStage(route, stage, unnoted(work, mirrors, 't')))
    return
  }
  const merge = mode === 'stage' || mode === 'careful'
  const joined = await tx.run(moves.joinStage(route, stage, range, merge))
  // Behind a mirror the writer's trigger has put the row there already.
  if (joined < rows && !merge && !route.live) throw new Changed('rows were written while they moved')
}

async function* stream(blocks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* blocks
}

/** Tries the range; where the server refuses it, halves it until single rows are refused. Each try is a savepoint. */
async function carefully(
  tools: Tools,
  tx: SqlSession,
  number: number,
  range: KeyRange,
  refused: Refusal[],
): Promise<number> {
  const mark = refused.length
  await tx.run('SAVEPOINT changeover_try')
  try {
    const bytes = await moveRange(tools, tx, range, 'careful', refused)
    await tx.run('RELEASE SAVEPOINT changeover_try')
    return bytes
  } catch (error) {
    const state = sqlState(error)
    if (!isData(state)) throw error
    await tx.run('ROLLBACK TO SAVEPOINT changeover_try')
    await tx.run('RELEASE SAVEPOINT changeover_try')
    refused.length = mark
    const halves = await halve(tools, tx, range)
    if (halves.length === 2) {
      const first = await carefully(tools, tx, number, halves[0]!, refused)
      return first + (await carefully(tools, tx, number, halves[1]!, refused))
    }
    refused.push({ key: halves[0]?.high ?? [], reason: reasonOf(error, state) })
    if (refused.length > tools.work.tolerate + kept) throw new TooMany(number, refused)
    return 0
  }
}

/** Two halves of a range, or the one row in it as a range of its own. */
async function halve(tools: Tools, tx: SqlSession, range: KeyRange): Promise<readonly KeyRange[]> {
  const { route } = tools
  const [counted] = await tx.rows<{ rows: number }>(moves.countSource(route, range))
  const rows = counted?.rows ?? 0
  const [at] = await tx.rows<{ key: Key }>(moves.middle(route, range, rows))
  if (at === undefined) return []
  if (rows <= 1) return [{ low: range.low, high: at.key }]
  return [
    { low: range.low, high: at.key },
    { low: at.key, high: range.high },
  ]
}

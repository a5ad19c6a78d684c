/** What only the data can tell before a transformation: how much there is, how long it will take, whether the lens keeps its laws. Writes nothing. */
import { block, type Finding, note, risk } from '../../../core/finding.ts'
import type { Reading } from '../../../core/kind.ts'
import type { SqlSnapshot } from '../../../core/ports/index.ts'
import type { LensData } from '../../../lens/index.ts'
import { moves, RowPipe } from '../../../rows/index.ts'
import { rowsExpected } from './apply.ts'
import { Brake } from './brake.ts'
import { prepare, readJob } from './hands.ts'
import { compile, withoutValues } from './lens.ts'
import { brokenLaws } from './laws.ts'
import type { Tools } from './move.ts'
import { isMirrored } from './noted.ts'
import { isData, sqlState } from './refused-rows.ts'
import { named, routeOf, type Work } from './work.ts'

type At = Reading<{ readonly database: 'database' }>

/** Rows of the sample. */
const sampleRows = 2000
/** Reading and computing were measured at about two fifths of the whole move, in place at a third; the rest is writing. */
const wholePerSample = { table: 2.5, inPlace: 3 } as const

interface Sample {
  readonly rows: number
  readonly ms: number
  readonly refused: readonly { readonly key: readonly (string | null)[]; readonly reason: string }[]
}

export async function checkTransform(work: Work, at: At): Promise<readonly Finding[]> {
  const unseen = await hidden(work, at)
  if (unseen.length > 0) return unseen
  const now = new Date(at.clock.now()).toISOString()
  const tools = await prepare(work, at, now)
  const whole = await compile(work.lens as unknown as LensData, now, (reference) => at.load(reference))
  const sample = await runSample(tools, at)
  return at.on.database.snapshot(async (snapshot) => {
    const rows = await rowsExpected(work, snapshot)
    const bytes = await bytesOf(work, snapshot)
    const perRow = sample.rows === 0 ? 0 : sample.ms / sample.rows
    const factor = work.inPlace ? wholePerSample.inPlace : wholePerSample.table
    const seconds = Math.ceil((perRow * factor * rows) / 1000 / work.hands)
    const size = note(
      'rows.size',
      `${rows} rows, ${Math.ceil(bytes / 1024 / 1024)} MiB, about ${seconds} s over path ${work.path}`,
      'nothing to do',
      { rows, bytes, seconds, sampled: sample.rows, path: work.path },
    )
    return [
      size,
      ...refusals(work, sample),
      ...(await brokenLaws(work, whole, snapshot)),
      ...unmirrored(work),
      ...(await standing(work, at, snapshot)),
      ...(await throttle(work, at)),
    ]
  })
}

/** Row security would leave rows out without a word; the session refuses instead, and this says so before. */
async function hidden(work: Work, at: At): Promise<readonly Finding[]> {
  const { source, target } = routeOf(work)
  const found = await at.on.database.rows<{ table: string; account: string }>(
    `SELECT t.name AS table, current_user AS account FROM unnest($1::text[]) t(name) WHERE row_security_active(t.name::regclass)`,
    [[...new Set([source, target])]],
  )
  return found.map(({ table, account }) =>
    block(
      'rows.hidden',
      `row security of ${table} holds for "${account}": rows would be left behind`,
      `ALTER ROLE "${account}" BYPASSRLS, or run as the owner, ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY`,
    ),
  )
}

async function bytesOf(work: Work, snapshot: SqlSnapshot): Promise<number> {
  const [size] = await snapshot.rows<{ bytes: number }>(`SELECT pg_table_size($1::text::regclass)::float8 AS bytes`, [
    routeOf(work).source,
  ])
  return size?.bytes ?? 0
}

/** Takes the first rows by key through the lens twice, on the server or here: the first time is for caches and compilers. */
async function runSample(tools: Tools, at: At): Promise<Sample> {
  if (tools.sql === undefined) return twice(at, (snapshot) => sampleHere(tools, snapshot))
  const text = moves.copyComputed(tools.route, tools.sql, sampleRows)
  try {
    return await twice(at, async (snapshot) => ({ rows: await lines(snapshot.copyOut(text)), refused: [] }))
  } catch (error) {
    if (!isData(sqlState(error))) throw error
    // The server names no row that it refuses; the same lens compiled does.
    return twice(at, (snapshot) => sampleHere(tools, snapshot))
  }
}

/** A snapshot of its own: an error ends it, and the checks that follow need one that goes on. */
async function twice(at: At, once: (snapshot: SqlSnapshot) => Promise<Omit<Sample, 'ms'>>): Promise<Sample> {
  return at.on.database.snapshot(async (snapshot) => {
    await once(snapshot)
    const started = at.clock.now()
    return { ...(await once(snapshot)), ms: at.clock.now() - started }
  })
}

async function sampleHere(tools: Tools, snapshot: SqlSnapshot): Promise<Omit<Sample, 'ms'>> {
  const pipe = new RowPipe(tools.keyed, tools.lens.forward, withoutValues)
  for await (const bytes of snapshot.copyOut(moves.copySample(tools.route, tools.keyed.was, sampleRows))) {
    if (tools.lens.async) await pipe.pushLater(bytes, 16)
    else pipe.push(bytes)
  }
  pipe.end()
  return { rows: pipe.rows + pipe.refused.length, refused: pipe.refused }
}

/** Rows in a stream of one line each. */
async function lines(stream: AsyncIterable<Buffer>): Promise<number> {
  let found = 0
  for await (const bytes of stream) for (const byte of bytes) if (byte === 10) found += 1
  return found
}

function refusals(work: Work, sample: Sample): readonly Finding[] {
  if (sample.refused.length === 0) return []
  const first = sample.refused.slice(0, 3).map(({ key, reason }) => `${JSON.stringify(key)} (${reason})`)
  const message = `the lens refuses ${sample.refused.length} of ${sample.rows} sampled rows of "${work.source}", ${work.tolerate} are tolerated: ${first.join(', ')}`
  const help = 'mend the rows or the lens, or raise `tolerate`'
  return [
    sample.refused.length > work.tolerate ? block('rows.refused', message, help) : risk('rows.refused', message, help),
  ]
}

/** Nothing carries what is written while the rows move. */
function unmirrored(work: Work): readonly Finding[] {
  if (work.live) return []
  const message = `no trigger stands on "${work.source}": what is written there while its rows move, or after, is not carried over`
  return [note('rows.not-mirrored', message, 'put a `data.mirror` before this step where others write the table')]
}

/** Rows and values that were there before the step: forward they stay, but the way back could not tell them from those it wrote. */
async function standing(work: Work, at: At, snapshot: SqlSnapshot): Promise<readonly Finding[]> {
  const route = routeOf(work)
  const probe = work.inPlace ? moves.anyGiven(route) : moves.anyThere(route, { low: null, high: null })
  // Begun before, or written by a mirror: what is there is ours.
  if (probe === undefined || (await readJob(at)) !== undefined) return []
  const ours = await isMirrored(work, snapshot)
  if (work.inPlace && ours) return []
  const [seen] = await snapshot.rows<{ there: boolean }>(probe)
  if (seen?.there !== true) return []
  if (work.inPlace) return [filled(work)]
  const [both] = ours ? [] : await snapshot.rows<{ there: boolean }>(moves.anyShared(route))
  if (both?.there !== true) return [notEmpty(work)]
  const message = `rows of "${work.target}" have keys of "${work.source}" already: they would stay as they are, and the way back would delete them`
  const help = `delete them, or move them away, first; where a mirror of yours wrote them, roll back only while it stands`
  return [(work.live ? risk : block)('rows.taken', message, help)]
}

function notEmpty(work: Work): Finding {
  const message = `rows stand in "${work.target}" already; those with a key of "${work.source}" stay as they are`
  return note('rows.not-empty', message, 'nothing to do where a mirror wrote them')
}

function filled(work: Work): Finding {
  const names = named(work.layout.writes.map(({ name }) => name))
  const message = `rows of "${work.target}" hold values in ${names} already: they would be written over, and the way back would set them to their defaults`
  return block('rows.filled', message, 'let the lens write columns that this plan adds, or clear these first')
}

async function throttle(work: Work, at: At): Promise<readonly Finding[]> {
  const reason = await new Brake(work.throttle, at.clock, at.on.database).look()
  return reason === undefined
    ? []
    : [risk('rows.throttled', `the step would wait now: ${reason}`, 'see to the signal, or change `throttle`')]
}

/** Is the target what the lens makes of the source? The server compares every row where it can; else a sample goes through the lens again. */
import { block, type Finding, note } from '../../../core/finding.ts'
import type { Reading } from '../../../core/kind.ts'
import type { SqlSnapshot } from '../../../core/ports/index.ts'
import { type Chunk, codecOf, columnType, comparisons, ledger, Output, RowPipe } from '../../../rows/index.ts'
import { sameValue } from '../../../lens/index.ts'
import { prepare, readJob } from './hands.ts'
import { comparedBy } from './lens.ts'
import type { Tools } from './move.ts'
import type { Work } from './work.ts'

type At = Reading<{ readonly database: 'database' }>
type Different = { readonly key: readonly string[]; readonly why: 'missing' | 'extra' | 'differs' }

/** Chunks read at once, and different rows shown. */
const page = 100
const shown = 20

export async function verifyTransform(work: Work, at: At): Promise<readonly Finding[]> {
  const job = await readJob(at)
  if (job === undefined) return [note('rows.no-job', `nothing was moved from "${work.source}"`, 'run the step first')]
  const tools = await prepare(work, at, job.now)
  return at.on.database.snapshot(async (snapshot) => {
    const found: Different[] = []
    const seen = { rows: 0, sampled: 0 }
    for await (const chunk of chunksOf(tools, snapshot)) {
      const range = { low: chunk.low_key, high: chunk.high_key }
      const text = comparisons.differences(tools.route, comparedBy(work, job.now), range, shown)
      found.push(...(await snapshot.rows<{ key: readonly string[]; why: Different['why'] }>(text, [at.run, at.step])))
      if (tools.sql === undefined && seen.sampled < work.sample)
        found.push(...(await sampleChunk(tools, snapshot, chunk, seen)))
      seen.rows += chunk.rows
      if (found.length >= shown) break
    }
    return judge(work, found.slice(0, shown), seen, tools.sql !== undefined)
  })
}

async function* chunksOf(tools: Tools, snapshot: SqlSnapshot): AsyncGenerator<Chunk> {
  let last = 0
  for (;;) {
    const chunks = await snapshot.rows<Chunk>(ledger.chunksDone, [tools.run, tools.step, last, page])
    yield* chunks
    const end = chunks.at(-1)
    if (end === undefined) return
    last = end.number
  }
}

/** Takes rows of a chunk through the lens, with what the target holds as its memory: that must give what the target holds. */
async function sampleChunk(
  tools: Tools,
  snapshot: SqlSnapshot,
  chunk: Chunk,
  seen: { sampled: number },
): Promise<readonly Different[]> {
  const { layout } = tools.route
  const different: Different[] = []
  const shape = {
    ...tools.shape,
    passed: layout.key.length,
    was: layout.writes,
    writes: [],
    key: layout.key.map(({ type }, index) => ({ index, type })),
  }
  const pipe = new RowPipe(shape, async (doc, was = {}) => {
    const made = await tools.lens.forward(doc, was)
    const differs = layout.writes.find(
      ({ name, type }) => !sameValue(normal(made[name], type, layout.enums), normal(was[name], type, layout.enums)),
    )
    // A refusal of the pipe carries the key of the row: here it says that the row differs.
    if (differs) throw new Error(differs.name)
    return {}
  })
  const range = { low: chunk.low_key, high: chunk.high_key }
  for await (const bytes of snapshot.copyOut(
    comparisons.copyBeside(tools.route, range, tools.work.sample - seen.sampled),
  )) {
    await pipe.pushLater(bytes, 16)
  }
  pipe.end()
  seen.sampled += pipe.rows + pipe.refused.length
  for (const { key } of pipe.refused) different.push({ key: key.map(String), why: 'differs' })
  return different
}

/** The value as the server would give it back: through its binary form. Padding and closing zeros, which the server sets by itself, are no difference. */
function normal(value: unknown, type: string, enums: readonly string[]): unknown {
  if (value === null || value === undefined) return null
  const codec = codecOf(type, new Set(enums))
  const out = new Output()
  if (codec === undefined || !codec.encode(value, out)) return value
  const back = codec.decode(out.buffer, 4, out.at)
  const { base, array } = columnType(type)
  if (array || typeof back !== 'string') return back
  if (base === 'numeric') return back.includes('.') ? back.replace(/\.?0+$/, '') : back
  return base === 'character' ? back.trimEnd() : back
}

function judge(
  work: Work,
  found: readonly Different[],
  seen: { readonly rows: number; readonly sampled: number },
  every: boolean,
): readonly Finding[] {
  const data = { rows: seen.rows, compared: every ? seen.rows : seen.sampled }
  if (found.length === 0) {
    const how = every ? 'each is' : `${seen.sampled} of them sampled: each is`
    return [
      note(
        'rows.equal',
        `${seen.rows} rows of "${work.target}" compared, ${how} what the lens makes of "${work.source}"`,
        'nothing to do',
        data,
      ),
    ]
  }
  const words = { missing: 'is not there', extra: 'has no row in the source', differs: 'is not what the lens gives' }
  const lines = found.map(({ key, why }) => `${JSON.stringify(key)} ${words[why]}`)
  const help =
    'were rows written while no mirror stood? then roll the step back and run it again behind a `data.mirror`'
  return [
    block('rows.differ', `rows of "${work.target}" differ: ${lines.join(', ')}`, help, {
      ...data,
      keys: found.map((each) => ({ key: each.key, why: each.why })),
    }),
  ]
}

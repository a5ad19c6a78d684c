/** Takes sampled rows through the lens here and through its SQL on the server: both must agree, and the laws must hold. */
import { type Finding, note, risk } from '../../../core/finding.ts'
import type { Reading } from '../../../core/kind.ts'
import { ChangeoverError } from '../../../core/errors.ts'
import type { SqlSnapshot } from '../../../core/ports/index.ts'
import {
  checkLaws,
  type CompiledLens,
  compileLens,
  type Doc,
  type LensData,
  type LensFunctions,
  references,
  sameRow,
  touched as touchedBy,
} from '../../../lens/index.ts'
import { postgresWriter, RowPipe, type Touched } from '../../../rows/index.ts'
import { someMoment } from './lens.ts'
import { quoteTable } from './install.ts'
import type { MirrorWork } from './spec.ts'

type At = Reading<{ readonly database: 'database' }>

/** Rows of the sample. */
const sampleRows = 200

export async function compiled(work: MirrorWork, at: Pick<At, 'load'>, now: string): Promise<CompiledLens> {
  const named = references(work.lens as unknown as LensData)
  const functions = new Map<string, LensFunctions>()
  for (const name of named) functions.set(name, (await at.load(name)) as LensFunctions)
  return compileLens(work.lens as unknown as LensData, { now }, functions)
}

export async function agreement(work: MirrorWork, at: At): Promise<readonly Finding[]> {
  const lens = await compiled(work, at, someMoment)
  if (lens.async) return []
  const samples = await at.on.database.snapshot((view) => readSamples(work, view))
  if (samples.length === 0) return []
  const rows = samples.map(({ a }) => a)
  const laws = checkLaws(lens, rows, { key: work.shape.old.key, other: (_, index) => samples[index]!.b })
  const apart = work.made.length === 0 ? [] : samples.filter((sample) => !agrees(work, lens, sample))
  const named = apart.slice(0, 5).map(({ key }) => key)
  const message = `SQL and lens do not agree on ${apart.length} of ${samples.length} sampled rows of "${work.shape.old.table}": ${named.join(', ')}`
  return [
    ...laws,
    ...(apart.length === 0
      ? [
          note(
            'mirror.sampled',
            `${samples.length} rows of "${work.shape.old.table}" came out of lens and SQL alike`,
            'nothing to do',
          ),
        ]
      : [
          risk(
            'mirror.disagree',
            message,
            'look at the operations that write these columns; the triggers follow the SQL',
          ),
        ]),
  ]
}

/** A row of the old side, what the new side holds for it (where it was written), and what the SQL makes of both. */
interface Sample {
  readonly key: string
  readonly a: Doc
  readonly b: Doc | undefined
  readonly made: Doc
}

function agrees(work: MirrorWork, lens: CompiledLens, sample: Sample): boolean {
  try {
    const forward = lens.forward(sample.a, sample.b ?? nulls(work))
    // Not what is only carried along: the lens knows it under its old name.
    const written = touchedBy(work.lens as unknown as LensData).writes.filter((name) => name in sample.made)
    const of = (doc: Doc): Doc => Object.fromEntries(written.map((name) => [name, doc[name] ?? null]))
    return sameRow(of(forward), of(sample.made))
  } catch {
    // A row that the lens refuses is named by the laws.
    return true
  }
}

/** In one row the other side is always there, if only as NULLs. */
function nulls(work: MirrorWork): Doc | undefined {
  return work.mode === 'row' ? Object.fromEntries(Object.keys(work.types.b).map((name) => [name, null])) : undefined
}

/** Read in the binary form, so that values are the very ones that a transformation gives to the lens. */
async function readSamples(work: MirrorWork, view: SqlSnapshot): Promise<readonly Sample[]> {
  const { a, b, made } = work.touched
  const samples: Sample[] = []
  const written: Touched = { name: 'written', type: 'boolean', as: 'binary' }
  const reads = [
    ...a.map((each) => ({ ...each, name: `a:${each.name}` })),
    ...made.map((each) => ({ ...each, name: `m:${each.name}` })),
    written,
  ]
  const take = (doc: Doc, prefix: string) =>
    Object.fromEntries(
      Object.entries(doc).flatMap(([name, value]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
      ),
    )
  const pipe = new RowPipe({ passed: 0, reads, was: b, writes: [], key: [], enums: work.enums }, (doc, was) => {
    const old = take(doc, 'a:')
    const key = work.shape.old.key.map((name) => String(old[name])).join(',')
    const held = was ?? Object.fromEntries(b.map(({ name }) => [name, null]))
    samples.push({ key: `(${key})`, a: old, b: doc.written === true ? held : undefined, made: take(doc, 'm:') })
    return {}
  })
  for await (const block of view.copyOut(sampleText(work))) pipe.push(block)
  pipe.end()
  const [refused] = pipe.refused
  if (refused !== undefined)
    throw new ChangeoverError('lens.refused', `a sampled row cannot be read: ${refused.reason}`, 'report this')
  return samples
}

function sampleText(work: MirrorWork): string {
  const { quote } = postgresWriter
  const { old, new: fresh } = work.shape
  const inRow = old.table === fresh.table
  const other = inRow ? 's' : 't'
  const cast = ({ as, type }: Touched, text: string): string =>
    as === 'text' ? `(${text})::text` : `(${text})::${type}`
  const expressions = new Map(work.made.map(({ column, expression }) => [column, expression]))
  const columns = [
    ...work.touched.a.map((each) => cast(each, `s.${quote(each.name)}`)),
    ...work.touched.made.map((each) =>
      cast(each, `(${expressions.get(each.name)})::${work.types.b[each.name] ?? each.type}`),
    ),
    inRow ? work.written : `t.${quote(fresh.key[0] ?? 'id')} IS DISTINCT FROM NULL`,
    ...work.touched.b.map((each) => cast(each, `${other}.${quote(each.name)}`)),
  ]
  const same = old.key.map((column, place) => `s.${quote(column)} = t.${quote(fresh.key[place]!)}`).join(' AND ')
  const join = inRow ? '' : ` LEFT JOIN ${quoteTable(fresh.table)} t ON ${same}`
  const order = old.key.length === 0 ? '' : ` ORDER BY ${old.key.map((column) => `s.${quote(column)}`).join(', ')}`
  return `COPY (SELECT ${columns.join(', ')} FROM ${quoteTable(old.table)} s${join}${order} LIMIT ${sampleRows}) TO STDOUT (FORMAT binary)`
}

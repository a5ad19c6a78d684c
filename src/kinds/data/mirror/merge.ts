/** Brings both shapes of one row in step after either or both were written: what changed since they last were counts, column by column. */
import { type CompiledLens, type Doc, sameValue } from '../../../lens/index.ts'
import type { MirrorWork } from './spec.ts'

/**
 * `row`: `a:` and `b:` what the row is, `wa:` and `wb:` what it was when both were in step, `ca:` and `cb:` whether a column changed since,
 * `side` who wrote last, `fresh` where there was no row, `written` and `wasWritten` whether the new shape is and was there.
 * Answers every column of both shapes, and `key`. Where both changed the same thing, the last writer is right.
 */
export async function mergeRow(work: MirrorWork, lens: CompiledLens, row: Doc): Promise<{ [column: string]: unknown }> {
  const olds = work.shape.old.columns.map((each) => each.name)
  const news = work.shape.new.columns.map((each) => each.name)
  const a = part(row, 'a:')
  const b = part(row, 'b:')
  const [oldChanged, newChanged] = [
    olds.some((name) => row[`ca:${name}`] === true),
    news.some((name) => row[`cb:${name}`] === true),
  ]
  const done = (old: Doc, fresh: Doc) => ({ key: row.key, ...kept(pick(old, olds), a), ...kept(pick(fresh, news), b) })
  const forward = (from: Doc) => lens.forwardAsync(from, row.written === true ? b : undefined)
  if (row.fresh === true)
    return row.side === 'new' ? done(await lens.backwardAsync(b, a), b) : done(a, await forward(a))
  if (oldChanged && !newChanged) return done(a, await forward(a))
  if (!newChanged) return done(a, b)
  const was = part(row, 'wa:')
  // A row that was not transformed yet: what the new version did not set comes from the old shape first.
  const first = row.wasWritten === true ? undefined : await lens.forwardAsync(was)
  const whole =
    first === undefined
      ? b
      : {
          ...b,
          ...pick(
            first,
            news.filter((name) => row[`cb:${name}`] !== true),
          ),
        }
  const theirs = await lens.backwardAsync(whole, was)
  if (!oldChanged) return done({ ...a, ...pick(theirs, olds) }, whole)
  const merged = Object.fromEntries(
    olds.map((name) => {
      const both = row[`ca:${name}`] === true && !sameValue(theirs[name] ?? null, was[name] ?? null)
      const mine = row[`ca:${name}`] === true && !(both && row.side === 'new')
      return [name, mine ? a[name] : theirs[name]]
    }),
  )
  return done(merged, await lens.forwardAsync({ ...a, ...merged }, whole))
}

function part(row: Doc, prefix: string): Doc {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  )
}

function pick(doc: Doc, names: readonly string[]): { [column: string]: unknown } {
  return Object.fromEntries(names.map((name) => [name, doc[name] ?? null]))
}

/** What means the same stays as it stands in the row: a function gives json and lists back without their spelling. */
function kept(made: Doc, held: Doc): Doc {
  return Object.fromEntries(
    Object.entries(made).map(([name, value]) => [name, sameValue(value, held[name] ?? null) ? held[name] : value]),
  )
}

/** The lens of a step, as the kind needs it: planned, written as SQL, or compiled with the functions it names. */
import type { Json, JsonObject } from '../../core/json.ts'
import type { Doc, Expression, Forward, moves } from '../../rows/index.ts'
import type { Types, Work } from './transform-work.ts'

// A stand-in until the lens room is here: `{ sql: { column: expression } }` or `{ fn: reference, reads, writes }`.
type Data = {
  readonly sql?: { readonly [column: string]: string }
  readonly fn?: string
  readonly reads?: readonly string[]
  readonly writes?: readonly string[]
  readonly async?: boolean
}

export interface Compiled {
  readonly forward: Forward
  readonly async: boolean
}

export function columnsOf(lens: Json): { readonly reads: readonly string[]; readonly writes: readonly string[] } {
  const data = lens as Data
  return { reads: data.reads ?? [], writes: data.writes ?? Object.keys(data.sql ?? {}) }
}

export function asSql(work: Pick<Work, 'lens' | 'inPlace' | 'types' | 'defaults'>, now: string) {
  return render(work.lens, 's', work.inPlace ? 's' : undefined, work.types.source, now)
}

function render(
  lens: Json,
  row: string,
  _was: string | undefined,
  _types: Types,
  _now: string,
): readonly Expression[] | { readonly refused: string } {
  const data = lens as Data
  if (data.sql === undefined) return { refused: `the function "${data.fn}" has no SQL` }
  return Object.entries(data.sql).map(([column, text]) => ({ column, expression: text.replaceAll('$row', row) }))
}

export function describe(lens: Json): readonly string[] {
  return [JSON.stringify(lens)]
}

export function lostOf(_lens: Json): readonly string[] {
  return []
}

export async function compile(
  lens: Json,
  _now: string,
  load: (reference: string) => Promise<unknown>,
): Promise<Compiled> {
  const data = lens as Data
  if (data.sql !== undefined) return { forward: (doc) => doc, async: false }
  const made = (await load(data.fn ?? '')) as { forward: (doc: Doc, was?: Doc) => Doc }
  return { forward: made.forward, async: data.async === true }
}

export function isLens(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null
}

/** The columns that the server can compare by itself: what the lens makes, with what the target holds as its memory. */
export function comparedBy(work: Work, now: string): readonly moves.Compared[] {
  const made = render(work.lens, work.inPlace ? 's' : 's', work.inPlace ? 's' : 't', work.types.source, now)
  if ('refused' in made) return []
  return made.map((each) => ({ ...each, type: work.types.target[each.column] ?? 'text' }))
}

/** The lens of a step, as the kind needs it: which columns it touches, its SQL on either path, and compiled with the functions it names. */
import { isChangeoverError } from '../../../core/errors.ts'
import {
  compileLens,
  type CompiledLens,
  type LensData,
  type LensFunctions,
  references,
  toSql,
  touched,
} from '../../../lens/index.ts'
import type { Expression, Forward, moves } from '../../../rows/index.ts'
import { given } from './given.ts'
import type { Types, Work } from './work.ts'

export interface Compiled {
  readonly forward: Forward
  readonly async: boolean
  readonly lens: CompiledLens
}

/** Columns that the lens reads and writes; a function on the whole row touches all there are. */
export function columnsOf(
  lens: LensData,
  source: Types,
  target: Types,
): { readonly reads: readonly string[]; readonly writes: readonly string[]; readonly whole: boolean } {
  const { reads, writes } = touched(lens)
  const used = usedUp(lens)
  const all = (names: readonly string[], types: Types): readonly string[] =>
    names.includes('*') ? Object.keys(types) : names
  return {
    reads: all(reads, source),
    writes: all(writes, target).filter((name) => !used.includes(name)),
    whole: writes.includes('*'),
  }
}

/** Fields that a function takes and does not give back: they end there. */
function usedUp(lens: LensData): readonly string[] {
  return lens.flatMap((each) =>
    each.op === 'fn' ? (each.takes ?? []).filter((name) => !each.gives?.includes(name)) : [],
  )
}

/** Key columns that a rename at the top gives another name. */
export function renamed(lens: LensData, key: readonly string[]): { readonly [name: string]: string } {
  const pairs = lens.flatMap((each) =>
    each.op === 'rename' && key.includes(each.from) && !each.to.startsWith('/') ? [[each.from, each.to] as const] : [],
  )
  return Object.fromEntries(pairs)
}

type Sided = Pick<Work, 'lens' | 'inPlace' | 'types' | 'defaults' | 'keyNames' | 'layout'>
type Rendered = readonly Expression[] | { readonly refused: string }

/** What the server can compute of a new row by itself, from row `s`; or the first operation that has no SQL. */
export function asSql(work: Sided, now: string): Rendered {
  if (!work.inPlace) return render(work, undefined, now)
  const [fresh, kept] = [render(work, undefined, now), render(work, 's', now)]
  if ('refused' in fresh) return fresh
  if ('refused' in kept) return kept
  return fresh.map(({ column, expression }) => {
    const held = kept.find((each) => each.column === column)?.expression ?? expression
    const both = `CASE WHEN ${given(work, 's')} THEN ${held} ELSE ${expression} END`
    return { column, expression: held === expression ? expression : both }
  })
}

/** As `asSql`, of a row `s` whose other side stands in `t` (in place: in `s` too): what must be there when all is well. */
export function comparedBy(work: Sided, now: string): readonly moves.Compared[] {
  const made = work.inPlace ? asSql(work, now) : render(work, 't', now)
  if ('refused' in made) return []
  return made.map((each) => ({ ...each, type: work.types.target[each.column] ?? 'text' }))
}

function render(work: Sided, was: string | undefined, now: string): Rendered {
  const a = work.inPlace
    ? without(
        work.types.source,
        work.layout.writes.map(({ name }) => name),
      )
    : work.types.source
  const b = work.inPlace
    ? only(
        work.types.target,
        work.layout.writes.map(({ name }) => name),
      )
    : work.types.target
  const options = {
    dialect: 'postgres',
    row: 's',
    types: { a, b },
    now,
    ...(was === undefined ? {} : { was }),
  } as const
  const made = toSql(work.lens as LensData, options)
  if ('refused' in made)
    return { refused: `operation ${made.refused.at + 1} (${made.refused.op}) has no SQL: ${made.refused.why}` }
  const keys = new Set(work.layout.key.map(({ name }) => work.keyNames[name] ?? name))
  return made.sql.forward.filter(({ column }) => !keys.has(column))
}

function without(types: Types, names: readonly string[]): Types {
  return Object.fromEntries(Object.entries(types).filter(([name]) => !names.includes(name)))
}

function only(types: Types, names: readonly string[]): Types {
  return Object.fromEntries(Object.entries(types).filter(([name]) => names.includes(name)))
}

/** Compiled with the functions that the lens names. */
export async function compile(
  lens: LensData,
  now: string,
  load: (reference: string) => Promise<unknown>,
): Promise<Compiled> {
  const functions = new Map<string, LensFunctions>()
  for (const reference of references(lens)) functions.set(reference, (await load(reference)) as LensFunctions)
  const made = compileLens(lens, { now }, functions)
  const run = made.async ? made.forwardAsync.bind(made) : made.forward.bind(made)
  return { forward: run as Forward, async: made.async, lens: made }
}

/** Why a lens refused a row, without its values: the words of our own errors and of mistakes in a program, but not what a person threw. */
export function withoutValues(error: unknown): string {
  if (isChangeoverError(error)) return error.message
  if (error instanceof TypeError || error instanceof ReferenceError) return error.message
  return `${error instanceof Error ? error.name : 'something'} was thrown by a function of the lens`
}

/** The lens of a step, as the kind needs it: which columns it touches, its SQL on either path, and compiled with the functions it names. */
import { isChangeoverError } from '../../../core/errors.ts'
import {
  compileLens,
  type CompiledLens,
  independent,
  type LensData,
  type LensFunctions,
  references,
  toSql,
  touched,
} from '../../../lens/index.ts'
import { called, type comparisons, type Expression, type Forward, type Layout } from '../../../rows/index.ts'
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

type Sided = Pick<Work, 'lens' | 'there' | 'inPlace' | 'types' | 'defaults' | 'keyNames' | 'layout'>
type Rendered = readonly Expression[] | { readonly refused: string }

/** Which operations the server does and which are done here, and the first one that has no SQL, if there is one. */
export interface Divided {
  readonly there: LensData
  readonly here: LensData
  readonly why: string | undefined
}

/** In place, rows are read, locked and written back as one: there the lens stays whole. */
export function divide(work: Sided, now: string): Divided {
  const lens = work.lens as unknown as LensData
  const whole = rendered(work, lens, now)
  if (!('refused' in whole)) return { there: lens, here: [], why: undefined }
  if (work.inPlace) return { there: [], here: lens, why: whole.refused }
  const groups = independent(lens).filter((group) => !('refused' in rendered(work, group, now)))
  const there = lens.filter((operation) => groups.some((group) => group.includes(operation)))
  return { there, here: lens.filter((operation) => !there.includes(operation)), why: whole.refused }
}

/** What the server computes of a new row by itself, from row `s`. */
export function asSql(work: Sided, now: string): Rendered {
  return rendered(work, work.there as unknown as LensData, now)
}

function rendered(work: Sided, lens: LensData, now: string): Rendered {
  if (!work.inPlace) return render(work, lens, undefined, now)
  const [fresh, kept] = [render(work, lens, undefined, now), render(work, lens, 's', now)]
  if ('refused' in fresh) return fresh
  if ('refused' in kept) return kept
  return fresh.map(({ column, expression }) => {
    const held = kept.find((each) => each.column === column)?.expression ?? expression
    const both = `CASE WHEN ${given(work, 's')} THEN ${held} ELSE ${expression} END`
    return { column, expression: held === expression ? expression : both }
  })
}

/** What is left to do here: the columns that only the server touches are neither read nor written. */
export function layoutHere(work: Work): Layout {
  const { reads, writes } = columnsOf(work.here as unknown as LensData, work.types.source, work.types.target)
  const { layout } = work
  return {
    ...layout,
    reads: layout.reads.filter(({ name }) => reads.includes(name)),
    writes: layout.writes.filter(({ name }) => writes.includes(name)),
  }
}

/** As `asSql`, of a row `s` whose other side stands in `t` (in place: in `s` too): what must be there when all is well. */
export function comparedBy(work: Sided, now: string): readonly comparisons.Compared[] {
  const made = work.inPlace ? asSql(work, now) : render(work, work.there as unknown as LensData, 't', now)
  if ('refused' in made) return []
  return made.map((each) => ({ ...each, type: work.types.target[each.column] ?? 'text' }))
}

function render(work: Sided, lens: LensData, was: string | undefined, now: string): Rendered {
  if (lens.length === 0) return []
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
  const made = toSql(lens, options)
  if ('refused' in made)
    return { refused: `operation ${made.refused.at + 1} (${made.refused.op}) has no SQL: ${made.refused.why}` }
  const keys = new Set(work.layout.key.map(({ name }) => called(work.keyNames, name)))
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

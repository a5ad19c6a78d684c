/** What a lens does, in lines for people, and which columns it touches. */
import type { LensData, Operation } from './operations.ts'
import { operationKinds } from './operations.ts'
import { planLens, readsOf, type Step, topOf, writesOf } from './plan.ts'

/** A line for each thing that changes; what is inside of another operation is indented. */
export function describeLens(data: LensData): readonly string[] {
  return data.flatMap((operation) => [...operationKinds[operation.op].describe(operation), ...inside(operation)])
}

function inside(operation: Operation): readonly string[] {
  const indented = (lens: LensData) => describeLens(lens).map((line) => `  ${line}`)
  if (operation.op === 'each' || operation.op === 'compose') return indented(operation.do)
  if (operation.op !== 'when') return []
  return [...indented(operation.do), ...(operation.otherwise ? ['otherwise', ...indented(operation.otherwise)] : [])]
}

export interface Touched {
  readonly reads: readonly string[]
  readonly writes: readonly string[]
}

/**
 * Top-level fields: read from A, and written in B. `*` stands for all of them (a function on the whole row).
 * A field that is both made and used up on the way is neither.
 */
export function touched(data: LensData): Touched {
  const made = new Set<string>()
  const reads = new Set<string>()
  for (const step of planLens(data)) {
    const { asked, written, gone } = columnsOf(step)
    for (const name of [...asked, ...gone]) if (!made.has(name)) reads.add(name)
    for (const name of gone) made.delete(name)
    for (const name of written) if (!gone.includes(name)) made.add(name)
  }
  return { reads: [...reads], writes: [...made] }
}

interface Columns {
  readonly asked: readonly string[]
  readonly written: readonly string[]
  readonly gone: readonly string[]
}

function columnsOf({ forward }: Step): Columns {
  const [when] = forward.filter((edit) => edit.edit === 'when')
  if (when) {
    const sides = [touched(when.matched), touched(when.otherwise)]
    const written = sides.flatMap((side) => side.writes)
    const asked = [topOf(when.test.path), ...sides.flatMap((side) => side.reads)]
    return { asked, written, gone: [] }
  }
  const gone = forward.flatMap((edit) => {
    if (edit.edit === 'drop') return edit.at.length === 1 ? [topOf(edit.at)] : []
    return edit.edit === 'fields' ? (edit.takes ?? []).filter((name) => !edit.gives?.includes(name)) : []
  })
  const closes = forward.some((edit) => edit.edit === 'only')
  const paths = closes ? [] : writesOf(forward)
  // A write below a column changes what the column holds: it is read, too.
  const inside = paths.filter((path) => path.length > 1).map(topOf)
  return { asked: [...readsOf(forward).map(topOf), ...inside], written: paths.map(topOf), gone }
}

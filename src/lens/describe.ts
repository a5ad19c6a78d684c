/** What a lens does, in lines for people, and which columns it touches. */
import type { LensData, Operation } from './operations.ts'
import { operationKinds } from './operations.ts'
import { planLens, readsOf, topOf, writesOf } from './plan.ts'

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
  for (const { forward, backward } of planLens(data)) {
    const gone = forward.flatMap((edit) => (edit.edit === 'drop' && edit.at.length === 1 ? [topOf(edit.at)] : []))
    for (const name of [...readsOf(forward).map(topOf), ...gone]) if (!made.has(name)) reads.add(name)
    const closes = forward.some((edit) => edit.edit === 'only')
    for (const name of closes ? [] : writesOf(forward).map(topOf)) if (!gone.includes(name)) made.add(name)
    for (const name of gone) made.delete(name)
    for (const name of writesOf(forward)
      .filter((path) => path.length > 1)
      .map(topOf))
      if (!made.has(name) || backward.length > 0) reads.add(name)
  }
  return { reads: [...reads], writes: [...made] }
}

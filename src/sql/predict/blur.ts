/** Makes facts open that only the server can print, or that may be gone. */
import { unknown } from '../../core/json.ts'
import { type Draft, known } from './draft.ts'
import { printedKey } from './printed.ts'

/** The views that name one of these objects, and those that stand on such views; without objects, all. */
export function blurViews(draft: Draft, ...objects: readonly string[]): void {
  const words = objects.map(printedKey)
  const met = Object.entries(draft.views)
    .filter(([, text]) => objects.length === 0 || (text !== unknown && words.some((word) => text.includes(word))))
    .map(([name]) => name)
  for (const name of met) draft.views[name] = unknown
  if (objects.length > 0 && met.length > 0) blurViews(draft, ...met)
}

/** A function's digest holds every name that it prints: where one changes, any of them may. */
export function blurFunctions(draft: Draft): void {
  if (typeof draft.functions !== 'object') return
  for (const signature of Object.keys(draft.functions)) draft.functions[signature] = unknown
}

/** Sequences of the table, or of one column: gone, or printed anew. */
export function blurSequences(draft: Draft, table: string, column?: string): void {
  for (const name of ownSequences(draft, table, column)) draft.sequences[name] = unknown
}

/** The sequences that belong to a table, or to one column of it. */
export function ownSequences(draft: Draft, table: string, column?: string): readonly string[] {
  const owner = ` OWNED BY ${printedKey(table)}.`
  return Object.entries(draft.sequences)
    .filter(([name, is]) =>
      is === unknown
        ? name.startsWith(`${table}_`)
        : is.includes(owner) && (column === undefined || is.endsWith(`${owner}${column}`)),
    )
    .map(([name]) => name)
}

/** Foreign keys of other tables that lead to this one: those over `columns`, or all. */
export function blurKeysTo(draft: Draft, table: string): void {
  const mark = `REFERENCES ${printedKey(table)}(`
  for (const name of Object.keys(draft.tables)) {
    const constraints = known(draft, name)?.constraints ?? {}
    for (const [constraint, text] of Object.entries(constraints))
      if (text.includes(mark)) constraints[constraint] = unknown
  }
}

/** Whether the new columns of a row were written before, in SQL. Knows defaults, no lens. */
import type { Layout } from '../../../rows/index.ts'

interface Filled {
  readonly layout: Layout
  /** Defaults of its columns. */
  readonly defaults: { readonly [column: string]: string | null }
}

/** A row in place whose new columns are at their defaults was not written yet: it has no memory. */
export function given(work: Filled, row: string): string {
  const tests = work.layout.writes.flatMap(({ name, type }) => {
    const column = `${row}."${name.replaceAll('"', '""')}"`
    const fallback = work.defaults[name] ?? null
    if (fallback === null) return [`${column} IS DISTINCT FROM NULL`]
    return /\(/.test(fallback.replaceAll(/'(?:[^']|'')*'/g, ''))
      ? []
      : [`${column}::text IS DISTINCT FROM (${fallback})::${type}::text`]
  })
  return tests.length === 0 ? 'true' : `(${tests.join(' OR ')})`
}

/** JSON without doubles: numbers are kept as the text they came in, marked with `#`, so that no digit can hide. Knows no API. */

export type Exact = null | boolean | string | readonly Exact[] | { readonly [key: string]: Exact }

/** `{"a": 1.50}` becomes `{a: '#1.50'}`. Texts that start with `#` are not used by these clients. Throws on what is not JSON. */
export function exact(text: string): Exact {
  return JSON.parse(
    text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => (token.startsWith('"') ? token : `"#${token}"`)),
  ) as Exact
}

/** The field of an object, or null. */
export function field(value: Exact, ...path: readonly string[]): Exact {
  return path.reduce<Exact>(
    (at, key) =>
      typeof at === 'object' && at !== null && !Array.isArray(at) ? ((at as Record<string, Exact>)[key] ?? null) : null,
    value,
  )
}

/** A whole number out of `#12`; NaN for anything else. */
export function whole(value: Exact): number {
  return typeof value === 'string' && value.startsWith('#') ? Number(value.slice(1)) : Number.NaN
}

/** The same text for equal values, whatever the order of their keys. */
export function settled(value: Exact): string {
  if (Array.isArray(value)) return `[${value.map(settled).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, each]) => `${JSON.stringify(key)}:${settled(each)}`).join(',')}}`
}

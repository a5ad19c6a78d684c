/** Names as PostgreSQL text, from parts or from a key of the catalog. Values are the dialect's. */

/** Identifiers, always quoted: `quoteName('public', 'Users')` is `"public"."Users"`. */
export function quoteName(...parts: readonly string[]): string {
  return parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
}

/** A key of a catalog (`public.users`) as quoted SQL. The first dot parts schema and name. */
export function quoteKey(key: string): string {
  const dot = key.indexOf('.')
  return dot < 0 ? quoteName(key) : quoteName(key.slice(0, dot), key.slice(dot + 1))
}

/** The key of a name as written, `public` where it names no schema. */
export function qualify(name: string, schema = 'public'): string {
  return name.includes('.') ? name : `${schema}.${name}`
}

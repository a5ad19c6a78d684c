/** Names and values as PostgreSQL text. The one place where a quote is doubled. */
import type { Json } from '../core/json.ts'

/** Identifiers, always quoted: `quoteName('public', 'Users')` is `"public"."Users"`. */
export function quoteName(...parts: readonly string[]): string {
  return parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
}

/** A key of a catalog (`public.users`) as quoted SQL. The first dot parts schema and name. */
export function quoteKey(key: string): string {
  const dot = key.indexOf('.')
  return dot < 0 ? quoteName(key) : quoteName(key.slice(0, dot), key.slice(dot + 1))
}

/** A value as a literal; objects and lists become their JSON text. Backslashes are safe under any `standard_conforming_strings`. */
export function quoteLiteral(value: Json): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** The key of a name as written, `public` where it names no schema. */
export function qualify(name: string, schema = 'public'): string {
  return name.includes('.') ? name : `${schema}.${name}`
}

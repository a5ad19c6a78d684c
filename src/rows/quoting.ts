/** Names and texts in PostgreSQL's SQL, for statements that are made while a step runs, when no dialect is at hand. Same rules as the adapter's. */
import type { Json } from '../core/json.ts'
import type { Writer } from './key-range.ts'

export const postgresWriter: Writer = {
  quote: (...name) => name.map((part) => `"${part.replaceAll('"', '""')}"`).join('.'),
  literal,
}

function literal(value: Json): string {
  if (value === null) return 'NULL'
  if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const doubled = text.replaceAll("'", "''")
  return doubled.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}

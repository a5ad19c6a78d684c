/** How PostgreSQL writes names and literals. Pure. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { SqlDialect } from '../../core/ports/index.ts'

/** Longer names are cut by the server in silence. */
const maxNameBytes = 63

function quoteOne(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > maxNameBytes) {
    throw new ChangeoverError(
      'target.failed',
      `"${name}" cannot be a name in PostgreSQL`,
      `use 1 to ${maxNameBytes} bytes without a zero byte`,
    )
  }
  return `"${name.replaceAll('"', '""')}"`
}

function text(value: string): string {
  if (value.includes('\0')) {
    throw new ChangeoverError(
      'target.failed',
      'PostgreSQL has no text with a zero byte',
      'remove the zero byte, or store the value as bytea',
    )
  }
  const doubled = value.replaceAll("'", "''")
  return value.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}

/** A value as a literal; objects and arrays as jsonb. */
export function literal(value: Json): string {
  if (value === null) return 'NULL'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `'${value}'::float8`
  if (typeof value === 'string') return text(value)
  return `${text(JSON.stringify(value))}::jsonb`
}

/** A name in double quotes; its parts are given apart. */
export function quote(...name: readonly string[]): string {
  return name.map(quoteOne).join('.')
}

export const postgresDialect: SqlDialect = {
  name: 'postgres',
  traits: { transactionalDdl: true, concurrentIndex: true, copy: true },
  quote,
  literal,
}

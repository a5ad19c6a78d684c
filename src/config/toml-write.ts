/** Keys and values as TOML text, in the style of what they replace. Knows no place in a file. */
import type { AST } from 'toml-eslint-parser'
import type { Json } from '../core/json.ts'
import { refused } from './error.ts'

/** One part of a key, quoted where it must be. */
export function keyText(part: string): string {
  return /^[\w-]+$/.test(part) ? part : basic(part)
}

/** A dotted key. */
export function keysText(parts: readonly string[]): string {
  return parts.map(keyText).join('.')
}

function basic(value: string): string {
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f')
}

/** A value on one line, in the style of the one it replaces. */
export function write(value: Json, path: readonly string[], old?: AST.TOMLContentNode): string {
  if (value === null) throw refused(path, 'TOML has no null', 'leave the key out')
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map((each) => write(each, path)).join(', ')}]`
  if (typeof value === 'object') {
    const fields = Object.entries(value).flatMap(([key, each]) =>
      each === null ? [] : [`${keyText(key)} = ${write(each as Json, path)}`],
    )
    return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
  }
  if (typeof value === 'number')
    return old?.type === 'TOMLValue' && old.kind === 'float' && Number.isInteger(value) ? `${value}.0` : String(value)
  if (typeof value !== 'string') return String(value)
  if (
    old?.type === 'TOMLValue' &&
    old.kind === 'string' &&
    old.style === 'literal' &&
    !old.multiline &&
    !/['\p{Cc}]/u.test(value)
  )
    return `'${value}'`
  const was = old?.type === 'TOMLValue' ? old.kind : ''
  const bare =
    (/date|time/.test(was) && /^[\d:.TtZz +-]+$/.test(value)) || (was === 'float' && /^[+-]?(inf|nan)$/.test(value))
  return bare ? value : basic(value)
}

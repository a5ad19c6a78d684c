/** YAML text for values, in the style of what it replaces. Knows no document. */
import { stringify } from 'yaml'
import type { Json } from '../core/json.ts'

/** A value on one line; a text in the quotes given by `style`, where it can be. */
export function inline(value: Json, style?: string | null): string {
  if (typeof value === 'string') return text(value, style)
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map((each) => inline(each)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return stringify(value).trimEnd()
  const fields = Object.entries(value).map(([key, each]) => `${keyOf(key)}: ${inline(each as Json)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

function text(value: string, style: string | null | undefined): string {
  const control = /[\p{Cc}\u2028\u2029\ufeff]/u.test(value)
  if (style === 'QUOTE_SINGLE' && !control) return `'${value.replaceAll("'", "''")}'`
  if (style !== 'QUOTE_DOUBLE' && !control && isPlain(value)) return value
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Bare where readers of YAML 1.1 and of 1.2 see the same text: `no`, `0o17` and `12:30` get quotes. */
function isPlain(value: string): boolean {
  if (/[,[\]{}]/.test(value) || value.includes('\n')) return false
  return (['1.1', '1.2'] as const).every((version) => stringify(value, { version, lineWidth: 0 }).trimEnd() === value)
}

/** A key as it is written before its colon. */
export function keyOf(name: string): string {
  return text(name, 'PLAIN')
}

/** What follows `key:` in a block: one line, or lines below it that are indented by `indent` and a step. Without the last line end. */
export function tail(value: Json, indent: string, step: string, eol: string): string {
  if (typeof value === 'string' && value.includes('\n')) return literal(value, indent, step, eol)
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return ` ${inline(value)}`
  const deeper = indent + step
  if (Array.isArray(value))
    return (value as readonly Json[]).map((each) => `${eol}${deeper}- ${item(each, `${deeper}  `, step, eol)}`).join('')
  return Object.entries(value)
    .map(([key, each]) => `${eol}${deeper}${keyOf(key)}:${tail(each as Json, deeper, step, eol)}`)
    .join('')
}

/** What follows a dash: a map begins on its line. */
function item(value: Json, indent: string, step: string, eol: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
    return inline(value)
  return Object.entries(value)
    .map(([key, each]) => `${keyOf(key)}:${tail(each as Json, indent, step, eol)}`)
    .join(eol + indent)
}

/** Text of several lines as a literal block, where it can be one. */
function literal(value: string, indent: string, step: string, eol: string): string {
  const lines = stringify({ k: value }, { indent: step.length, lineWidth: 0, blockQuote: 'literal' })
    .replace(/\n$/, '')
    .slice(2)
    .split('\n')
  return lines.map((line, i) => (i === 0 || line === '' ? line : indent + line)).join(eol)
}

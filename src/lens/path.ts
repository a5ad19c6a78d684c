/** Where a value stands: a field's plain name, or a JSON pointer (`/profile/email`). Knows no operation. */
import { ChangeoverError } from '../core/errors.ts'
import { open } from './json-text.ts'

/** Keys from the top down; empty is the whole value. */
export type Path = readonly string[]

/** `name` is one top-level field whatever its letters; `/a/b` a JSON pointer (RFC 6901; `~2` is a star); '' the whole. */
export function parsePath(text: string): Path {
  if (text === '') return []
  if (!text.startsWith('/')) return [text]
  return text.slice(1).split('/').map(unescape)
}

function unescape(key: string): string {
  return key.includes('~') ? key.replaceAll('~2', '*').replaceAll('~1', '/').replaceAll('~0', '~') : key
}

/** The shortest spelling that `parsePath` reads as this path. */
export function showPath(path: Path): string {
  const [only] = path
  if (path.length === 1 && only !== undefined && only !== '' && !only.startsWith('/') && only !== '*') return only
  return pointer(path)
}

/** Always a pointer. */
export function pointer(path: Path): string {
  return path.map((key) => `/${escape(key)}`).join('')
}

function escape(key: string): string {
  const safe = key.replaceAll('~', '~0').replaceAll('/', '~1')
  return safe === '*' ? '~2' : safe
}

/** Splits at the first `*`: what stands before it, and what each item is asked for. Undefined without a star. */
export function splitAtStar(text: string): { readonly before: string; readonly after: string } | undefined {
  if (!text.startsWith('/')) return undefined
  const keys = text.slice(1).split('/')
  const star = keys.indexOf('*')
  if (star < 0) return undefined
  const pointer = (part: readonly string[]) => part.map((key) => `/${key}`).join('')
  return { before: pointer(keys.slice(0, star)), after: pointer(keys.slice(star + 1)) }
}

/** True where one of the two holds the other. */
export function overlaps(a: Path, b: Path): boolean {
  const least = Math.min(a.length, b.length)
  for (let i = 0; i < least; i++) if (a[i] !== b[i]) return false
  return true
}

export type Fields = Readonly<Record<string, unknown>>

/** True for an object that has fields: not an array, a buffer, a number held as text. */
export function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const kind = Object.getPrototypeOf(value) as unknown
  return kind === Object.prototype || kind === null
}

const index = /^(?:0|[1-9]\d*)$/

/** What the key of an opened value holds; undefined where there is no such thing. */
export function childOf(value: unknown, key: string): unknown {
  const parent = open(value)
  if (isFields(parent)) return Object.hasOwn(parent, key) ? parent[key] : undefined
  return Array.isArray(parent) && index.test(key) ? (parent as readonly unknown[])[Number(key)] : undefined
}

/** A refusal: the value at `path` does not fit. The value itself is never quoted, only what it is: it may be personal. */
export function refuse(path: string, reason: string): never {
  throw new ChangeoverError(
    'lens.refused',
    `the value at "${path}" is refused: ${reason}`,
    'change the value, or widen the operation of the lens that names this path',
    { data: { path, reason } },
  )
}

/** What a value is, in words that give nothing of it away. */
export function kindOf(value: unknown): string {
  const seen = open(value)
  if (seen === undefined) return 'nothing'
  if (seen === null) return 'null'
  if (typeof seen === 'string') return `a text of ${seen.length} characters`
  if (typeof seen === 'boolean') return 'a boolean'
  if (Array.isArray(seen)) return `a list of ${seen.length} items`
  return isFields(seen) ? 'an object' : typeof seen === 'object' && 'byteLength' in seen ? 'bytes' : 'a number'
}

/** JSON as text and as values, without losing a digit: what a double cannot spell stays the text it was. Knows nothing of lenses. */
import { boundsOf, setBounds } from './array-bounds.ts'
import { membersOf } from './json-members.ts'

/** A number whose own spelling a double would lose (`12345678901234567890`, `1.50`). Equal to another when the values are. */
export class JsonNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
}

/** A JSON value that nobody has looked into yet: its text. Written out again as it came, parsed once at most. */
export class JsonText {
  readonly text: string
  /** True for the text of a jsonb: its numbers have neither an exponent nor a minus before zero. */
  readonly settled: boolean
  /** Parses it whole; a column's own, where it has one. */
  readonly parse: (text: string) => unknown
  #value: { readonly parsed: unknown } | undefined
  constructor(text: string, settled = false, parse: (text: string) => unknown = settled ? parseSettled : parseJson) {
    this.text = text
    this.settled = settled
    this.parse = parse
  }
  /** The value, parsed one level deep where the text is long: what an object holds may be `JsonText` again. Shared: never change it in place. */
  get value(): unknown {
    this.#value ??= { parsed: parseShallow(this.text, this.settled) }
    return this.#value.parsed
  }
}

/** The value inside, for one who has to look: a `JsonText` is parsed, anything else is itself. */
export function open(value: unknown): unknown {
  return value instanceof JsonText ? value.value : value
}

/** Texts shorter than this are parsed faster than their members are found. */
const short = 160

function parseShallow(text: string, settled: boolean): unknown {
  const members = text.length < short ? undefined : membersOf(text)
  if (!members) return parseJson(text, settled)
  const fields: Record<string, unknown> = {}
  for (const [key, from, to] of members) {
    const first = text.charCodeAt(from)
    const value =
      first === 0x7b || first === 0x5b
        ? new JsonText(text.slice(from, to), settled)
        : parseJson(text.slice(from, to), settled)
    if (key === '__proto__') return parseJson(text, settled)
    fields[key] = value
  }
  return fields
}

/** The value with nothing left unparsed, for functions that a person wrote. */
export function parsed(value: unknown): unknown {
  if (value instanceof JsonText) return value.parse(value.text)
  if (Array.isArray(value)) return setBounds(value.map(parsed), boundsOf(value))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, parsed(each)]))
}

/** A number with many digits, an exponent, a closing zero after the point, or a minus before zero: the only ones a double may spell otherwise. */
const suspicious =
  /(?:^|[:,[])\s*(-0(?![.\d])|-?(?=(?:\d\.?){16}|\d+(?:\.\d+)?[eE]|\d+\.\d*0(?!\d)|0\.0{5})\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
/** Marks a held number inside a string while the native parser works; a string that really begins so gets one more. */
const mark = '\\u0000'

/** Up to here a whole number, spelled in digits alone, is always spelled the same by a double. */
const fewDigits = 1e15

/**
 * Parses JSON. A number is a `number` where its text comes back the same, otherwise a `JsonNumber`. Throws SyntaxError.
 * `settled`: the text of a jsonb, which is searched faster.
 */
export function parseJson(text: string, settled = false): unknown {
  if (settled && !text.includes('.')) {
    const value: unknown = JSON.parse(text)
    if (!holdsLarge(value)) return value
  }
  if (!holdsLongNumber(text)) return JSON.parse(text)
  const held = text.replace(tokens, (token) => {
    if (token.startsWith('"')) return token.startsWith(`"${mark}`) ? `"${mark}${token.slice(1)}` : token
    return String(Number(token)) === token ? token : `"${mark}${token}"`
  })
  return JSON.parse(held, release)
}

/** The text of a jsonb. */
export function parseSettled(text: string): unknown {
  return parseJson(text, true)
}

function holdsLarge(value: unknown): boolean {
  if (typeof value === 'number') return value >= fewDigits || value <= -fewDigits
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (holdsLarge(value[i])) return true
    return false
  }
  const fields = value as Readonly<Record<string, unknown>>
  for (const key in fields) if (holdsLarge(fields[key])) return true
  return false
}

/** May say yes for digits inside of a string: then the slow way answers the same. */
function holdsLongNumber(text: string): boolean {
  suspicious.lastIndex = 0
  for (let found = suspicious.exec(text); found; found = suspicious.exec(text)) {
    if (String(Number(found[1])) !== found[1]) {
      suspicious.lastIndex = 0
      return true
    }
  }
  return false
}

function release(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.charCodeAt(0) !== 0) return value
  return value.charCodeAt(1) === 0 ? value.slice(1) : new JsonNumber(value.slice(1))
}

// oxlint-disable-next-line no-control-regex -- JSON escapes them, so they are what is looked for
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/

/** JSON text of a value: `JsonText` and `JsonNumber` as they are, a bigint as its digits, an unbounded or missing number as PostgreSQL's to_jsonb spells it. */
export function stringifyJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return needsEscape.test(value) ? JSON.stringify(value) : `"${value}"`
    case 'number':
      return Number.isFinite(value) ? String(value) : `"${value}"`
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return value.toString()
    case 'object':
      return value === null ? 'null' : stringifyObject(value)
    default:
      return 'null'
  }
}

function stringifyObject(value: object): string {
  if (value instanceof JsonText || value instanceof JsonNumber) return value.text
  if (Array.isArray(value)) return `[${value.map(stringifyJson).join(',')}]`
  if (value instanceof Date) return JSON.stringify(value)
  let text = ''
  const fields = value as Readonly<Record<string, unknown>>
  for (const key of Object.keys(fields)) {
    const field = fields[key]
    if (field === undefined) continue
    text += `${text === '' ? '{' : ','}${needsEscape.test(key) ? JSON.stringify(key) : `"${key}"`}:${stringifyJson(field)}`
  }
  return text === '' ? '{}' : `${text}}`
}

/** JSON without loss: numbers that a float does not hold travel as `ExactNumber`. Costs one scan of the text where there are none. */

let written = 0

/** A number as it was written. In arithmetic it is the nearest float; written back it is its own digits. */
export class ExactNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
  valueOf(): number {
    return Number(this.text)
  }
  /** Called by JSON.stringify only; tells `exactText` that the fast way will not do. */
  toJSON(): number {
    written += 1
    return Number(this.text)
  }
}

/** Sixteen digits, with or without a point among them, may be more than a float holds. */
const long = /\d[\d.]{15}/
const exponent = /\d[eE][+-]?\d/
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const mark = '\u0001exact number'

/** Parses JSON. `exponents`: the text may write numbers as `1e400` (json does, jsonb never). Throws SyntaxError. */
export function exactJson(text: string, exponents = false): unknown {
  return long.test(text) || (exponents && exponent.test(text)) ? carefully(text) : JSON.parse(text)
}

function carefully(text: string): unknown {
  let found = 0
  const marked = text.replace(tokens, (token) => {
    if (token.startsWith('"') || holds(token)) return token
    found += 1
    return `{"${mark}":"${token}"}`.replace('\u0001', '\\u0001')
  })
  return found === 0 ? JSON.parse(text) : JSON.parse(marked, revive)
}

/** True where the float is the same number: no digit is lost. */
function holds(token: string): boolean {
  const digits = token.replace(/[eE].*/, '').replace(/^-?0*\.?0*|\./g, '').length
  return digits <= 15 && Number.isFinite(Number(token))
    ? true
    : Number.isSafeInteger(Number(token)) && /^-?\d+$/.test(token)
}

function revive(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(mark in value)) return value
  return new ExactNumber(String(value[mark]))
}

/** The JSON text of a value, or undefined where it has none (a function, a cycle, undefined). */
export function exactText(value: unknown): string | undefined {
  const before = written
  const text: string | undefined = JSON.stringify(value)
  return written === before ? text : slowly(value)
}

function slowly(value: unknown): string {
  if (value instanceof ExactNumber) return value.text
  if (Array.isArray(value)) return `[${value.map((each) => slowly(each)).join(',')}]`
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value).filter(([, each]) => each !== undefined && typeof each !== 'function')
  return `{${fields.map(([key, each]) => `${JSON.stringify(key)}:${slowly(each)}`).join(',')}}`
}

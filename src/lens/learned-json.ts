/**
 * Parses the texts of one jsonb column, one after another: rows of a table mostly hold the same keys in the same order, so the next text is expected to look
 * like the last. What is not as expected goes to the parser that knows all of JSON. Knows no column.
 */
import { isFields } from './path.ts'

/** What is known of a value: the keys of its objects, and what stands below them. A value without objects needs nothing. */
interface Shape {
  /** Null where no object is expected. */
  readonly keys: readonly string[] | null
  /** What stands before each value, as PostgreSQL writes a jsonb: `{"name": `, then `, "size": `. */
  readonly before: readonly string[]
  readonly below: readonly Shape[]
  /** An object with all the keys: a copy of it has them at once. */
  readonly blank: { readonly [key: string]: undefined }
  /** Of the items of a list. */
  readonly items: Shape | null
}

const plain: Shape = { keys: null, before: [], below: [], blank: {}, items: null }
const miss = Symbol('not as expected')
/** Whole numbers of so many digits are always spelled the same by a double. */
const fewDigits = 15
/** Texts that may be other than the ones before, until nothing is expected any more. */
const patience = 64

/**
 * A parser with a memory. `whole` parses what is not as expected; both give the same. Made for texts of a jsonb: a space after each colon and comma,
 * no escapes but by backslash, no key twice.
 */
export function learningParser(whole: (text: string) => unknown): (text: string) => unknown {
  let shape: Shape | undefined
  let [text, at, misses, hits] = ['', 0, 0, 0]

  function value(of: Shape): unknown {
    const first = text.charCodeAt(at)
    if (first === 0x22) return string()
    if (first === 0x7b) return fields(of)
    if (first === 0x5b) return list(of.items ?? plain)
    return scalar(first)
  }

  function string(): unknown {
    const end = text.indexOf('"', at + 1)
    if (end < 0) return miss
    const found = text.slice(at + 1, end)
    at = end + 1
    return found
  }

  function fields({ keys, before, below, blank }: Shape): unknown {
    if (keys === null) return miss
    const made: { [key: string]: unknown } = { ...blank }
    for (let index = 0; index < keys.length; index++) {
      const lead = before[index]!
      if (!text.startsWith(lead, at)) return miss
      at += lead.length
      const held = value(below[index]!)
      if (held === miss) return miss
      made[keys[index]!] = held
    }
    return text.charCodeAt(at++) === 0x7d ? made : miss
  }

  function list(items: Shape): unknown {
    const made: unknown[] = []
    at++
    if (text.charCodeAt(at) === 0x5d) return (at++, made)
    for (;;) {
      const held = value(items)
      if (held === miss) return miss
      made.push(held)
      const next = text.charCodeAt(at)
      if (next === 0x5d) return (at++, made)
      if (next !== 0x2c || text.charCodeAt(at + 1) !== 0x20) return miss
      at += 2
    }
  }

  function scalar(first: number): unknown {
    if (first === 0x74) return word('true', true)
    if (first === 0x66) return word('false', false)
    if (first === 0x6e) return word('null', null)
    const minus = first === 0x2d
    const start = minus ? at + 1 : at
    let number = 0
    let end = start
    for (let digit: number; (digit = text.charCodeAt(end) - 0x30) >= 0 && digit <= 9; end++)
      number = number * 10 + digit
    const next = text.charCodeAt(end)
    const odd = next === 0x2e || next === 0x65 || next === 0x45
    const led = text.charCodeAt(start) === 0x30 && (end - start > 1 || minus)
    if (end === start || end - start > fewDigits || odd || led) return miss
    at = end
    return minus ? -number : number
  }

  function word(spelled: string, meant: unknown): unknown {
    if (!text.startsWith(spelled, at)) return miss
    at += spelled.length
    return meant
  }

  return (next) => {
    if (shape !== undefined && !next.includes('\\')) {
      text = next
      at = 0
      const found = value(shape)
      if (found !== miss && at === next.length) {
        hits++
        return found
      }
    }
    const found = whole(next)
    // Texts that all differ are not worth the try.
    if (++misses <= patience || misses < hits) shape = learn(found)
    else shape = undefined
    return found
  }
}

function learn(value: unknown): Shape {
  if (Array.isArray(value)) return { ...plain, items: learn(value[0]) }
  if (!isFields(value)) return plain
  const keys = Object.keys(value)
  // An object's own order is another one for keys that are numbers, and one key is none at all.
  if (keys.some((key) => key === '__proto__' || /^\d/.test(key) || JSON.stringify(key) !== `"${key}"`)) return plain
  return {
    keys,
    before: keys.map((key, index) => `${index === 0 ? '{' : ', '}"${key}": `),
    below: keys.map((key) => learn(value[key])),
    blank: Object.fromEntries(keys.map((key) => [key, undefined])),
    items: null,
  }
}

/** Where the members of a JSON object stand in its text, without parsing what they hold. Expects valid JSON, as a database sends it. */

/** Key, and where its value begins and ends. */
export type Member = readonly [key: string, from: number, to: number]

const quote = 0x22
const backslash = 0x5c

/** Undefined where the text is no object, or is not as expected: then the parser shall judge it. */
export function membersOf(text: string): readonly Member[] | undefined {
  let at = afterSpace(text, 0)
  if (text[at] !== '{') return undefined
  const found: Member[] = []
  at = afterSpace(text, at + 1)
  if (text[at] === '}') return found
  for (;;) {
    const key = text.charCodeAt(at) === quote ? endOfString(text, at) : -1
    if (key < 0) return undefined
    const colon = afterSpace(text, key)
    if (text[colon] !== ':') return undefined
    const from = afterSpace(text, colon + 1)
    const to = endOfValue(text, from)
    if (to < 0) return undefined
    found.push([keyOf(text, at, key), from, to])
    at = afterSpace(text, to)
    if (text[at] === '}') return afterSpace(text, at + 1) === text.length ? found : undefined
    if (text[at] !== ',') return undefined
    at = afterSpace(text, at + 1)
  }
}

function keyOf(text: string, from: number, to: number): string {
  const key = text.slice(from + 1, to - 1)
  return key.includes('\\') ? (JSON.parse(text.slice(from, to)) as string) : key
}

function afterSpace(text: string, at: number): number {
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}

/** The place after the closing quote of the string that opens at `at`, or -1. */
function endOfString(text: string, at: number): number {
  for (let close = text.indexOf('"', at + 1); close > 0; close = text.indexOf('"', close + 1)) {
    let slashes = 0
    while (text.charCodeAt(close - 1 - slashes) === backslash) slashes++
    if (slashes % 2 === 0) return close + 1
  }
  return -1
}

function endOfValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return endOfString(text, from)
  if (first !== '{' && first !== '[') return endOfScalar(text, from)
  let depth = 0
  for (let at = from; at >= 0 && at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      at = endOfString(text, at)
      continue
    }
    if (code === 0x7b || code === 0x5b) depth++
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1
    at++
  }
  return -1
}

function endOfScalar(text: string, from: number): number {
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x2c || code === 0x7d || code <= 0x20) break
  }
  return at > from ? at : -1
}

/** A condition cut into words, each with its place. Knows no meaning. */

/** Where a word begins: line and column from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export interface Token {
  /** `text` is a quoted one, already read. */
  readonly type: 'number' | 'text' | 'word' | 'sign' | 'end'
  readonly text: string
  readonly at: Place
}

/** What is wrong with a condition, and where. Thrown inside this folder only. */
export class ConditionFault extends Error {
  /** There is nothing to judge, which is no error of the condition. */
  readonly unsure: boolean

  constructor(at: Place, message: string, unsure = false) {
    super(`${at.line === 1 ? '' : `line ${at.line}, `}column ${at.column}: ${message}`)
    this.unsure = unsure
  }
}

const space = /(?:\s+|\/\/[^\n]*|\/\*[^]*?\*\/)+/y
const number =
  /0[xX][\da-fA-F]+(?:_[\da-fA-F]+)*|0[oO][0-7]+(?:_[0-7]+)*|0[bB][01]+(?:_[01]+)*|\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/y
const word = /[A-Za-z_$][\w$]*/y
const sign = /\?\?|\?\.(?!\d)|::|&&|\|\||\*\*|==|!=|<=|>=|\.\.|[<>!+\-*/%^()[\]{},#?:;|.=]/y

export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    at += found?.length ?? 0
    return found
  }
  for (;;) {
    take(space)
    const start = at
    const place = placeIn(text, start)
    if (start >= text.length) return [...tokens, { type: 'end', text: '', at: placeIn(text, text.trimEnd().length) }]
    const quoted = readText(text, start)
    if (quoted) at = quoted.end
    const token =
      (quoted && { type: 'text' as const, text: quoted.text }) ??
      typed('number', take(number)) ??
      typed('word', take(word)) ??
      typed('sign', take(sign))
    if (!token) throw new ConditionFault(place, unread(text.slice(start)))
    tokens.push({ ...token, at: place })
  }
}

function typed(type: Token['type'], text: string | undefined): Omit<Token, 'at'> | undefined {
  return text === undefined ? undefined : { type, text }
}

function placeIn(text: string, index: number): Place {
  const before = text.slice(0, index)
  return { line: before.split('\n').length, column: index - before.lastIndexOf('\n') }
}

const escapes: { readonly [letter: string]: string } = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
}

/** "…", '…' with escapes, or `…` as it is. Nothing where no text begins. */
function readText(whole: string, start: number): { readonly text: string; readonly end: number } | undefined {
  const quote = whole[start] ?? ''
  if (!['"', "'", '`'].includes(quote)) return undefined
  let text = ''
  for (let at = start + 1; at < whole.length; at++) {
    const letter = whole[at]!
    if (letter === quote) {
      // Two of them within a text as it is are one.
      if (quote !== '`' || whole[at + 1] !== '`') return { text, end: at + 1 }
      at += 1
    }
    if (letter !== '\\' || quote === '`') {
      text += letter
      continue
    }
    const code = /\\(?:u([\da-fA-F]{4})|x([\da-fA-F]{2})|u\{([\da-fA-F]{1,6})\}|U([\da-fA-F]{8})|([0-3][0-7]{2}))/y
    code.lastIndex = at
    const found = code.exec(whole)
    const plain = escapes[whole[at + 1] ?? '']
    const [, four, two, braced, eight, octal] = found ?? []
    const point = found ? parseInt(octal ?? four ?? two ?? braced ?? eight ?? '', octal ? 8 : 16) : undefined
    if (point === undefined && plain === undefined)
      throw new ConditionFault(placeIn(whole, at), `"\\${whole[at + 1] ?? ''}" is no escape`)
    text += point === undefined ? plain : String.fromCodePoint(Math.min(point, 0x10ffff))
    at += found ? found[0].length - 1 : 1
  }
  throw new ConditionFault(placeIn(whole, start), `the text that begins here does not end: ${quote} is missing`)
}

function unread(rest: string): string {
  const letter = String.fromCodePoint(rest.codePointAt(0) ?? 32)
  const help = letter === '&' ? '; "&&" is meant' : ''
  return `"${letter}" has no meaning here${help}`
}

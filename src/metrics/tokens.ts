/** A condition cut into words, each with its column. Knows no meaning. */

export interface Token {
  readonly type: 'number' | 'word' | 'sign' | 'end'
  readonly text: string
  /** From 1. */
  readonly column: number
}

/** What is wrong with a condition, and where. Thrown inside this room only. */
export class ConditionFault extends Error {
  readonly column: number
  /** There is nothing to judge, which is no error of the condition. */
  readonly unsure: boolean

  constructor(column: number, message: string, unsure = false) {
    super(`column ${column}: ${message}`)
    this.column = column
    this.unsure = unsure
  }
}

const pattern =
  /\s*(?:(\d+(?:_\d+)*(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(&&|\|\||==|!=|<=|>=|[<>!+\-*/%()[\]{},#?:]))/y

export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  const end = text.trimEnd().length
  let at = 0
  while (at < end) {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (!found) throw new ConditionFault(at + 1 + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0), unread(text, at))
    const word = found[1] ?? found[2] ?? found[3] ?? ''
    const type = found[1] !== undefined ? 'number' : found[2] !== undefined ? 'word' : 'sign'
    tokens.push({ type, text: word, column: pattern.lastIndex - word.length + 1 })
    at = pattern.lastIndex
  }
  return [...tokens, { type: 'end', text: '', column: end + 1 }]
}

function unread(text: string, at: number): string {
  const sign = text.slice(at).trimStart()[0] ?? ''
  const help =
    sign === '='
      ? '; two are needed to compare: "=="'
      : sign === '&' || sign === '|'
        ? `; "${sign}${sign}" is meant`
        : ''
  return `"${sign}" has no meaning here${help}`
}

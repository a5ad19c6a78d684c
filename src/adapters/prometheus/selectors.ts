/** The series that a PromQL expression rests on, so that they can be asked how old they are. Reads names only; the server reads the rest. */

const words = new Set(
  'sum avg min max count stddev stdvar topk bottomk quantile count_values group by without on ignoring group_left group_right and or unless bool offset inf nan atan2 start end limitk limit_ratio'.split(
    ' ',
  ),
)
const lists = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'])
const token = /\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\d[\w.]*|[a-zA-Z_:][\w:]*|\{|\[[^\]]*\]|./gs

/** Each selector once, without range and offset: `http_requests_total{code="500"}`. */
export function selectorsIn(query: string): readonly string[] {
  const tokens = [...query.matchAll(token)].map(([text]) => text).filter((text) => !/^(\s|#)/.test(text))
  const found = new Set<string>()
  for (let at = 0; at < tokens.length; at++) {
    const text = tokens[at] ?? ''
    const name = /^[a-zA-Z_:]/.test(text) ? text : ''
    if (lists.has(name.toLowerCase()) && tokens[at + 1] === '(') at = endOf(tokens, at + 1, ')')
    else if (text === '{' || (name !== '' && tokens[at + 1] === '{')) {
      const end = endOf(tokens, at, '}')
      found.add(tokens.slice(at, end + 1).join(''))
      at = end
    } else if (name !== '' && tokens[at + 1] !== '(' && !words.has(name.toLowerCase())) found.add(name)
  }
  return [...found]
}

function endOf(tokens: readonly string[], from: number, sign: string): number {
  const end = tokens.indexOf(sign, from)
  return end < 0 ? tokens.length : end
}

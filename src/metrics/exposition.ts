/** The text in which programs show their metrics: Prometheus 0.0.4 and OpenMetrics 1.0. Reads it; knows no query. */

export interface Series {
  readonly name: string
  readonly labels: { readonly [name: string]: string }
  /** NaN and infinities are data. */
  readonly value: number
  /** Milliseconds since 1970, where the line says so. */
  readonly at: number | null
}

/** What is wrong with a page, with its line. */
export class PageFault extends Error {
  readonly line: number

  constructor(line: number, why: string) {
    super(`line ${line}: ${why}`)
    this.line = line
  }
}

/** All series of a page, in its order. Times of OpenMetrics are in seconds, of Prometheus in milliseconds. Throws `PageFault`. */
export function readPage(text: string, openMetrics: boolean): readonly Series[] {
  const lines = text.split('\n')
  const end = openMetrics ? lines.findIndex((line) => line.trim() === '# EOF') : -1
  if (openMetrics && end < 0)
    throw new PageFault(lines.length, 'an OpenMetrics page ends in "# EOF": this one was cut short')
  return (end < 0 ? lines : lines.slice(0, end)).flatMap((line, index) => {
    const shown = line.trim()
    return shown === '' || shown.startsWith('#') ? [] : [readLine(shown, index + 1, openMetrics)]
  })
}

/** Name, labels, value, and a time that may be missing. An exemplar after " # " is passed over. */
function readLine(line: string, number: number, openMetrics: boolean): Series {
  const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0]
  const quoted = name === undefined && line.startsWith('{')
  if (name === undefined && !quoted) throw new PageFault(number, `"${line.slice(0, 40)}" does not begin with a name`)
  let at = (name ?? '').length
  while (line[at] === ' ' || line[at] === '\t') at += 1
  const labels = line[at] === '{' ? readLabels(line, at, number) : { labels: {}, named: undefined, end: at }
  if (name === undefined && labels.named === undefined) throw new PageFault(number, 'the labels name no metric')
  const [value = '', time, ...rest] = withoutExemplar(line.slice(labels.end), openMetrics).trim().split(/\s+/)
  const read = readNumber(value)
  if (read === undefined) throw new PageFault(number, `"${value}" is no value of "${name ?? labels.named ?? ''}"`)
  const when = time === undefined ? null : timeOf(time, openMetrics)
  if (when === undefined) throw new PageFault(number, `"${time ?? ''}" is no time`)
  if (rest[0] !== undefined) throw new PageFault(number, `"${rest[0]}" comes after the end of the line`)
  return {
    name: name ?? labels.named ?? '',
    labels: labels.labels,
    value: read,
    at: when,
  }
}

/** Only OpenMetrics has them. */
function withoutExemplar(text: string, openMetrics: boolean): string {
  return openMetrics ? text.split(/\s#\s/)[0]! : text
}

/** In milliseconds. Prometheus has whole ones, OpenMetrics seconds with a fraction. */
function timeOf(text: string, openMetrics: boolean): number | undefined {
  if (!openMetrics) return /^[+-]?\d+$/.test(text) ? Number(text) : undefined
  const seconds = readNumber(text)
  return seconds !== undefined && Number.isFinite(seconds) ? seconds * 1000 : undefined
}

interface Labels {
  readonly labels: { readonly [name: string]: string }
  /** The name of the metric, where it is quoted and stands among the labels. */
  readonly named: string | undefined
  readonly end: number
}

const label = /\s*(?:([a-zA-Z_][\w.:]*)|"((?:[^"\\]|\\.)*)")\s*(?:=\s*"((?:[^"\\]|\\.)*)")?\s*(,|(?=\}|\s[a-zA-Z_"]))/y

function readLabels(line: string, open: number, number: number): Labels {
  const labels: { [name: string]: string } = Object.create(null) as { [name: string]: string }
  let named: string | undefined
  let at = open + 1
  for (;;) {
    const close = /\s*\}/y
    close.lastIndex = at
    if (close.test(line)) return { labels: { ...labels }, named, end: close.lastIndex }
    label.lastIndex = at
    const found = label.exec(line)
    if (!found) throw new PageFault(number, `the labels cannot be read from column ${at + 1} on`)
    const [, bare, quoted, value] = found
    if (value === undefined) {
      if (quoted === undefined) throw new PageFault(number, `label "${bare ?? ''}" has no value`)
      named = unescape(quoted)
    } else labels[bare ?? unescape(quoted ?? '')] = unescape(value)
    at = label.lastIndex
  }
}

/** There are three escapes; before any other sign a backslash is one. */
function unescape(text: string): string {
  return text.replace(/\\([\\"n])/g, (_, sign: string) => (sign === 'n' ? '\n' : sign))
}

/** A number as metrics are spelled, `NaN` and `+Inf` too; undefined where the text is none. */
export function readNumber(text: string): number | undefined {
  const word = /^(?:([+-]?)(inf|infinity)|(nan))$/i.exec(text)
  if (word) return word[3] !== undefined ? NaN : word[1] === '-' ? -Infinity : Infinity
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined
  return Number(text)
}

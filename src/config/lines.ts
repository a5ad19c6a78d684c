/** Text as lines that keep their ends. Offsets are in UTF-16 units, as JavaScript counts. Knows no format. */

/** One replacement: the text from `from` up to `to` becomes `by`. */
export interface Splice {
  readonly from: number
  readonly to: number
  readonly by: string
}

/** Makes splices that do not overlap; all offsets are those of `text`. Of several at one place the first given comes first. */
export function splice(text: string, ...splices: readonly Splice[]): string {
  const ordered = splices.map((each, i) => ({ ...each, i })).sort((a, b) => a.from - b.from || a.i - b.i)
  let at = 0
  let made = ''
  for (const each of ordered) {
    made += text.slice(at, each.from) + each.by
    at = each.to
  }
  return made + text.slice(at)
}

/** The line end that a text uses: that of its first line. */
export function eolOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n'
}

/** Where the line that holds `offset` starts. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1
}

/** Where the line that holds `offset` ends: behind its line end, or at the end of the text. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  return end < 0 ? text.length : end + 1
}

/** Where the line that holds `offset` ends, before its line end. */
export function lineStop(text: string, offset: number): number {
  const end = lineEnd(text, offset)
  return text.slice(0, end).replace(/\r?\n$/, '').length
}

/** The white space at the start of the line that holds `offset`. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))![0]
}

/** True when only white space is before `offset` on its line. */
export function startsLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === ''
}

/** A new line put in at `offset`, the start of a line. At the end of a text without a last line end, the text stays without one. */
export function insertLines(text: string, offset: number, lines: string, eol: string): string {
  const open = offset > 0 && text[offset - 1] !== '\n'
  const by = open ? eol + lines : lines + eol
  return splice(text, { from: offset, to: offset, by })
}

/** Without the lines from `from` to `to`. When they were the last, and had no line end, the text still ends without one. */
export function cutLines(text: string, from: number, to: number): string {
  const ends = to === text.length && text[to - 1] !== '\n'
  const start = ends ? text.slice(0, from).replace(/\r?\n$/, '').length : from
  return splice(text, { from: start, to, by: '' })
}

/**
 * Where the comment that belongs to the line at `start` begins: comment lines right above it, as far indented as it is.
 * A comment that opens the file belongs to the file.
 */
export function commentAbove(text: string, start: number, mark: RegExp): number {
  const indent = indentAt(text, start)
  let top = start
  while (top > 0) {
    const above = lineStart(text, top - 1)
    const line = text.slice(above, top)
    if (!line.startsWith(indent) || !mark.test(line.slice(indent.length))) break
    top = above
  }
  return top === 0 ? start : top
}

/** Lines with their indentation `from` changed to `to`; blank lines stay blank. Undefined where a line is indented less than `from`. */
export function reindent(lines: string, from: string, to: string): string | undefined {
  const changed = lines.split('\n').map((line) => {
    if (line.trim() === '') return line
    return line.startsWith(from) ? to + line.slice(from.length) : undefined
  })
  return changed.includes(undefined) ? undefined : changed.join('\n')
}

/** One step of indentation: the least that a line has more than the one above it; two spaces where no line tells. */
export function indentStep(text: string): string {
  let least: string | undefined
  let before = ''
  for (const line of text.split('\n')) {
    if (line.trim() === '' || /^\s*(#|\/\/|-)/.test(line)) continue
    const indent = /^[ \t]*/.exec(line)![0]
    const more = indent.startsWith(before) ? indent.slice(before.length) : ''
    if (more !== '' && (least === undefined || more.length < least.length)) least = more
    before = indent
  }
  return least ?? '  '
}

/** Colour in a terminal, as functions that are given: without colour they are the identity. Knows no terminal and no environment. */

export interface Paint {
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
  readonly good: (text: string) => string
  readonly warn: (text: string) => string
  readonly bad: (text: string) => string
  readonly name: (text: string) => string
}

function code(open: number, close: number): (text: string) => string {
  return (text) => `\u001b[${open}m${text}\u001b[${close}m`
}

const same = (text: string): string => text

export const plain: Paint = { strong: same, faint: same, good: same, warn: same, bad: same, name: same }

export const colour: Paint = {
  strong: code(1, 22),
  faint: code(2, 22),
  good: code(32, 39),
  warn: code(33, 39),
  bad: code(31, 39),
  name: code(36, 39),
}

// oxlint-disable-next-line no-control-regex -- the escape character begins every colour
const escapes = /\u001b\[\d+m/g

/** Columns that a text takes, colours aside. */
export function columns(text: string): number {
  return Array.from(text.replace(escapes, '')).length
}

/** Filled with spaces on the right to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)))
}

/** The same line, at most `width` columns wide: what is too much becomes `…`. Colours are kept and closed. */
export function fit(line: string, width: number): string {
  if (columns(line) <= width) return line
  let left = Math.max(0, width - 1)
  let cut = false
  // oxlint-disable-next-line no-control-regex -- as above
  const parts = line.split(/(\u001b\[\d+m)/).map((part) => {
    if (part.startsWith('\u001b')) return part
    const letters = Array.from(part)
    const kept = letters.slice(0, left).join('')
    const ends = !cut && letters.length > left
    left = Math.max(0, left - letters.length)
    if (ends) cut = true
    return ends ? `${kept}…` : kept
  })
  return parts.join('')
}

/** Words in lines of at most `width` columns; a longer word stands alone. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line !== '' && columns(line) + 1 + columns(word) > width) {
        lines.push(line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines
}

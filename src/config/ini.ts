/** INI files: `[section.sub]` and `key = value`, every value text. Comments are lines with `;` or `#`, or what follows ` ;` or ` #`. */
import type { Json } from '../core/json.ts'
import { duplicateKey, refused, syntaxError } from './error.ts'
import { commentAbove, cutLines, eolOf, insertLines, lineEnd, splice } from './lines.ts'
import { dotted, isBelow, partsOf, samePath } from './path.ts'
import type { Syntax } from './syntax.ts'
import { valueAt, withValue } from './value.ts'

const comment = /^\s*[;#]/
const heading = /^(\s*\[\s*)(.*?)(\s*\]\s*(?:[;#].*)?)$/
const pair = /^(\s*)([^=:\s[;#](?:[^=:]*[^=:\s])?)(\s*[=:][^\S\r\n]*)(.*)$/

interface Section {
  readonly path: readonly string[]
  readonly name: readonly [number, number] | undefined
  readonly start: number
  /** Behind its last line that is not blank and no comment. */
  end: number
  readonly keys: Key[]
}

interface Key {
  readonly path: readonly string[]
  readonly value: string
  readonly quote: string
  readonly name: readonly [number, number]
  readonly body: readonly [number, number]
  readonly lines: readonly [number, number]
  readonly between: string
  readonly indent: string
}

/** The sections of a text, the one without a name first. */
function scan(text: string, file = ''): readonly Section[] {
  const sections: Section[] = [{ path: [], name: undefined, start: 0, end: 0, keys: [] }]
  for (let at = 0; at < text.length; at = lineEnd(text, at)) {
    const line = text.slice(at, lineEnd(text, at)).replace(/\r?\n$/, '')
    if (line.trim() === '' || comment.test(line)) continue
    const section = sections.at(-1)!
    const head = heading.exec(line)
    const found = pair.exec(line)
    if (head) {
      const from = at + head[1]!.length
      sections.push({
        path: partsOf(head[2]!),
        name: [from, from + head[2]!.length],
        start: at,
        end: lineEnd(text, at),
        keys: [],
      })
    } else if (found) {
      section.keys.push(keyOf(found, section.path, at, lineEnd(text, at)))
      section.end = lineEnd(text, at)
    } else {
      throw syntaxError(
        file,
        text,
        at,
        'this is neither a section, a comment nor "key = value"',
        'write it as "key = value", or begin the line with ";"',
      )
    }
  }
  return sections
}

function keyOf(found: RegExpExecArray, section: readonly string[], at: number, end: number): Key {
  const [, indent = '', name = '', between = '', rest = ''] = found
  const quoted = /^(["'])(.*?)\1(?=\s*(?:[;#]|$))/.exec(rest)
  const body = quoted?.[0] ?? rest.replace(/\s[;#].*$/, '').trimEnd()
  const start = at + indent.length + name.length + between.length
  return {
    path: [...section, name],
    value: quoted?.[2] ?? body,
    quote: quoted?.[1] ?? '',
    name: [at + indent.length, at + indent.length + name.length],
    body: [start, start + body.length],
    lines: [at, end],
    between,
    indent,
  }
}

function find(text: string, path: readonly string[]): Key | undefined {
  return scan(text)
    .flatMap((each) => each.keys)
    .find((each) => samePath(each.path, path))
}

function write(value: string, quote: string, path: readonly string[]): string {
  const bare = !/^\s|\s$|^["']|\s[;#]|^[;#]/.test(value)
  const chosen = [quote, '', '"', "'"].find((each) => (each === '' ? bare : !value.includes(each)))
  if (chosen === undefined || /[\r\n]/.test(value))
    throw refused(path, 'the value does not fit on a line of an INI file')
  return chosen + value + chosen
}

function put(text: string, path: readonly string[], value: Json): string {
  if (typeof value !== 'string') throw refused(path, 'an INI file holds text only')
  const found = find(text, path)
  if (found) return splice(text, { from: found.body[0], to: found.body[1], by: write(value, found.quote, path) })
  return insertKey(text, path, write(value, '', path))
}

function insertKey(text: string, path: readonly string[], body: string, above = ''): string {
  const sections = scan(text)
  const eol = eolOf(text)
  const between = sections.flatMap((each) => each.keys)[0]?.between ?? ' = '
  const parent = path.slice(0, -1)
  const home = sections.findLast((each) => samePath(each.path, parent))
  const indent = home?.keys.at(-1)?.indent ?? ''
  const lines = `${above.replaceAll(/^[ \t]*(?=\S)/gm, indent)}${indent}${path.at(-1)!}${between}${body}`
  if (home && (home.name !== undefined || home.end > 0)) return insertLines(text, home.end, lines, eol)
  if (home) return insertLines(text, firstFreeLine(text, sections), lines, eol)
  const near = sections.findLast((each) => each.name !== undefined && isBelow(each.path, parent.slice(0, 1)))
  const at = near === undefined || near === sections.at(-1) ? text.length : near.end
  const gap = at === 0 || /(^|\n)\r?\n$/.test(text.slice(0, at)) ? '' : eol
  return insertLines(text, at, `${gap}[${dotted(parent)}]${eol}${lines}`, eol)
}

/** Where a first key without a section goes: before the first section and the comment above it. */
function firstFreeLine(text: string, sections: readonly Section[]): number {
  return sections[1] === undefined ? text.length : commentAbove(text, sections[1].start, comment)
}

function read(text: string, file: string): Json {
  let value: Json = {}
  const sections = scan(text, file)
  for (const { path } of sections) if (valueAt(value, path) === undefined) value = withValue(value, path, {})!
  for (const key of sections.flatMap((each) => each.keys)) {
    if (valueAt(value, key.path) !== undefined) throw duplicateKey(file, text, key.name[0], key.path)
    value = withValue(value, key.path, key.value)!
  }
  return value
}

function cut(text: string, path: readonly string[]): string {
  const found = find(text, path)
  if (found) return cutLines(text, ...found.lines)
  const gone = scan(text).filter((each) => each.name !== undefined && isBelow(each.path, path))
  return gone.reverse().reduce((made, each) => cutLines(made, each.start, each.end), text)
}

function rekey(text: string, path: readonly string[], key: string): string {
  const found = find(text, path)
  if (found) return splice(text, { from: found.name[0], to: found.name[1], by: key })
  return renameSections(text, path, [...path.slice(0, -1), key])
}

function renameSections(text: string, path: readonly string[], to: readonly string[]): string {
  const named = scan(text).filter((each) => each.name !== undefined && isBelow(each.path, path))
  return splice(
    text,
    ...named.map(({ path: old, name }) => ({
      from: name![0],
      to: name![1],
      by: dotted([...to, ...old.slice(path.length)]),
    })),
  )
}

function move(text: string, path: readonly string[], to: readonly string[]): string | undefined {
  const found = find(text, path)
  if (!found) return renameSections(text, path, to)
  const top = commentAbove(text, found.lines[0], comment)
  const above = text.slice(top, found.lines[0])
  const rest = text.slice(found.body[0], found.lines[1]).replace(/\r?\n$/, '')
  return insertKey(cutLines(text, top, found.lines[1]), to, rest, above)
}

export const ini: Syntax = {
  read,
  normal: (value) => normal(value),
  put,
  cut,
  rekey,
  move,
}

function normal(value: Json): Json {
  if (Array.isArray(value)) return value as readonly Json[]
  if (typeof value !== 'object' || value === null) return String(value ?? '')
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, normal(each as Json)]))
}

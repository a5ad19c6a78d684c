/** Env files, as `dotenv` reads them: one flat list of names, every value text. `export`, quotes and comments stay. */
import type { Json } from '../core/json.ts'
import { duplicateKey, refused, syntaxError } from './error.ts'
import { cutLines, eolOf, insertLines, lineEnd, lineStart, splice } from './lines.ts'
import type { Syntax } from './syntax.ts'

/** The grammar of `dotenv` 17 and 18, with names for its parts. */
const line =
  /^[^\S\r\n]*(?:export\s+)?(?<name>[\w.-]+)(?:\s*=\s*?|:\s+?)(?<value>\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/dgm

interface Variable {
  readonly name: string
  readonly value: string
  readonly quote: string
  /** Offsets: of the name, of the written value without white space around it, of all lines of the entry. */
  readonly key: readonly [number, number]
  readonly body: readonly [number, number]
  readonly lines: readonly [number, number]
}

function scan(text: string): readonly Variable[] {
  return [...text.matchAll(line)].map((match) => {
    const raw = match.groups!['value'] ?? ''
    const [from] = match.indices!.groups!['value'] ?? [endOfAssignment(match), 0]
    const start = from + (raw.length - raw.trimStart().length)
    const written = raw.trim()
    const quote = /^(['"`])[^]*\1$/.test(written) && written.length > 1 ? written[0]! : ''
    const inner = written.replace(/^(['"`])([^]*)\1$/m, '$2')
    const value = quote === '"' ? inner.replaceAll('\\n', '\n').replaceAll('\\r', '\r') : inner
    const body = [start, start + written.length] as const
    return {
      name: match.groups!['name']!,
      value,
      quote,
      key: match.indices!.groups!['name']!,
      body,
      lines: [lineStart(text, match.index), lineEnd(text, body[1])],
    }
  })
}

function endOfAssignment(match: RegExpExecArray): number {
  const [, after] = match.indices!.groups!['name']!
  return after + /^\s*[=:]/.exec(match.input.slice(after))![0].length
}

function find(text: string, path: readonly string[]): Variable | undefined {
  return scan(text).find((each) => each.name === path.join('.'))
}

/** Text that reads back as `value`: in the quotes it had, else bare, else in the first quotes that it does not hold itself. */
function write(value: string, quote: string, path: readonly string[]): string {
  const bare = /^([^\s'"`#][^#\s]*)?$/.test(value)
  const fits = (each: string) =>
    each === '' ? bare : !value.includes(each) && !value.endsWith('\\') && !(each === '"' && /\\[nr]/.test(value))
  const chosen = [quote, '', '"', "'", '`'].find(fits)
  if (chosen === undefined) throw refused(path, 'the value holds every kind of quotes')
  return chosen + value + chosen
}

function put(text: string, path: readonly string[], value: Json): string {
  if (typeof value !== 'string') throw refused(path, 'an env file holds text only')
  const found = find(text, path)
  if (found) return splice(text, { from: found.body[0], to: found.body[1], by: write(value, found.quote, path) })
  const name = path.join('.')
  if (!/^[\w.-]+$/.test(name))
    throw refused(path, 'the name of a variable is made of letters, digits, "_", "." and "-"')
  return insertLines(text, text.length, `${name}=${write(value, '', path)}`, eolOf(text))
}

export const env: Syntax = {
  flat: true,
  read(text, file) {
    const found = scan(text)
    const rest = splice(
      text,
      ...found.map(({ lines: [from, to] }) => ({ from, to, by: text.slice(from, to).replaceAll(/[^\r\n]/g, '#') })),
    )
    const odd = /^[^\S\r\n]*[^\s#]/m.exec(rest)
    if (odd)
      throw syntaxError(
        file,
        text,
        odd.index,
        'this is neither a comment nor NAME=value',
        'write it as NAME=value, or begin the line with "#"',
      )
    const values = new Map<string, string>()
    for (const each of found) {
      if (values.has(each.name)) throw duplicateKey(file, text, each.key[0], [each.name])
      values.set(each.name, each.value)
    }
    return Object.fromEntries(values)
  },
  normal: (value) => (typeof value === 'object' && value !== null ? value : String(value ?? '')),
  put,
  cut(text, path) {
    const found = find(text, path)
    return found ? cutLines(text, ...found.lines) : text
  },
  rekey(text, path, key) {
    const found = find(text, path)!
    return splice(text, { from: found.key[0], to: found.key[1], by: key })
  },
  move: (text, path, to) => env.rekey(text, path, to.join('.')),
}

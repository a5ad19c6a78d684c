/** TOML 1.0 and 1.1 read by `toml-eslint-parser`: values, and the place of every key. Changes nothing. */
import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'
import type { Json } from '../core/json.ts'
import { duplicateKey, syntaxError } from './error.ts'
import { lineEnd } from './lines.ts'
import { samePath } from './path.ts'
import { valueAt, withValue } from './value.ts'

/** One `key = value`, at its whole path, in the body of a table or in braces. */
export interface Assignment {
  readonly path: readonly string[]
  readonly node: AST.TOMLKeyValue
  readonly inline: AST.TOMLInlineTable | undefined
}

/** `[name]` or `[[name]]`; items of a list of tables have their index as the last part. */
export interface Heading {
  readonly path: readonly string[]
  readonly node: AST.TOMLTable
}

/** All of a text, flat, in the order of the file. */
export interface Outline {
  readonly assignments: readonly Assignment[]
  readonly headings: readonly Heading[]
}

/** Error `config.syntax` with its place. */
export function outline(text: string, file: string): Outline {
  const body = parsed(text, file).body[0].body
  const headings = body
    .filter((each) => each.type === 'TOMLTable')
    .map((node) => ({ path: node.resolvedKey.map(String), node }))
  const assignments = body.flatMap((each) =>
    each.type === 'TOMLTable'
      ? each.body.flatMap((node) => assigned(node, each.resolvedKey.map(String), undefined))
      : assigned(each, [], undefined),
  )
  return { assignments, headings }
}

function parsed(text: string, file: string): AST.TOMLProgram {
  try {
    return parseTOML(text, { tomlVersion: '1.1' })
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    if (/multiple times/.test(error.message))
      throw duplicateKey(file, text, error.index, [/^[^\s=\].]+/.exec(text.slice(error.index))?.[0] ?? ''])
    throw syntaxError(
      file,
      text,
      error.index,
      error.message.toLowerCase().replace(/\.$/, ''),
      'mend the TOML there: a quote, a bracket or a bare word, as a rule',
    )
  }
}

function assigned(
  node: AST.TOMLKeyValue,
  above: readonly string[],
  inline: AST.TOMLInlineTable | undefined,
): readonly Assignment[] {
  const path = [...above, ...node.key.keys.map(partOf)]
  const below = node.value.type === 'TOMLInlineTable' ? node.value : undefined
  return [{ path, node, inline }, ...(below?.body.flatMap((each) => assigned(each, path, below)) ?? [])]
}

/** The name that a part of a key stands for. */
export function partOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value
}

/** The value of a text. Dates and times are their own text; `inf` and `nan` are text too. */
export function read(text: string, file: string): Json {
  const { assignments, headings } = outline(text, file)
  let value: Json = {}
  const all = [
    ...headings.map((each) => ({ ...each, to: {} as Json })),
    ...assignments.map((each) => ({ ...each, to: valueOf(each.node.value) })),
  ]
  for (const each of all.sort((a, b) => a.node.range[0] - b.node.range[0])) {
    if (each.node.type === 'TOMLTable') value = opened(value, each.path)
    else if (valueAt(value, each.path) === undefined) value = withValue(value, each.path, each.to)!
  }
  return value
}

function opened(value: Json, path: readonly string[]): Json {
  const at = path.findIndex((_, i) => valueAt(value, path.slice(0, i + 1)) === undefined)
  if (at < 0) return value
  const here = path.slice(0, at + 1)
  return opened(withValue(value, here, path[at + 1] === '0' ? [] : {})!, path)
}

function valueOf(node: AST.TOMLContentNode): Json {
  if (node.type === 'TOMLArray') return node.elements.map(valueOf)
  if (node.type === 'TOMLInlineTable') {
    return node.body.reduce<Json>((made, each) => withValue(made, each.key.keys.map(partOf), valueOf(each.value))!, {})
  }
  if (node.kind === 'float') return Number.isFinite(node.value) ? node.value : node.number.replace('+', '')
  if (node.kind === 'integer') return Number(node.value)
  return node.kind === 'string' || node.kind === 'boolean' ? node.value : node.datetime
}

/** Behind the last line of a table's own keys. */
export function bodyEnd(text: string, table: Heading): number {
  return lineEnd(text, table.node.body.at(-1)?.range[1] ?? table.node.key.range[1])
}

/** True where part `i` of a path is not written, but counts the tables of a list. */
export function isIndex(all: Outline, parent: readonly string[], i: number, part: string): boolean {
  return (
    /^\d+$/.test(part) &&
    all.headings.some((each) => each.node.kind === 'array' && samePath(each.path, parent.slice(0, i + 1)))
  )
}

/** TOML by splices: headings, dotted keys, braces and lists of tables. TOML has no null: a key is left out instead. */
import type { AST } from 'toml-eslint-parser'
import type { Json } from '../core/json.ts'
import { refused } from './error.ts'
import {
  commentAbove,
  cutLines,
  eolOf,
  indentAt,
  insertLines,
  lineEnd,
  lineStart,
  splice,
  startsLine,
} from './lines.ts'
import { dotted, isBelow } from './path.ts'
import type { Syntax } from './syntax.ts'
import { type Assignment, type Heading, type Outline, outline, partOf, read } from './toml-read.ts'

const comment = /^#/

function same(a: readonly string[], b: readonly string[]): boolean {
  return dotted(a) === dotted(b)
}

function keyText(part: string): string {
  return /^[\w-]+$/.test(part) ? part : basic(part)
}

function keysText(parts: readonly string[]): string {
  return parts.map(keyText).join('.')
}

function basic(value: string): string {
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f')
}

/** A value on one line, in the style of the one it replaces. */
function write(value: Json, path: readonly string[], old?: AST.TOMLContentNode): string {
  if (value === null) throw refused(path, 'TOML has no null', 'leave the key out')
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map((each) => write(each, path)).join(', ')}]`
  if (typeof value === 'object') {
    const fields = Object.entries(value).flatMap(([key, each]) =>
      each === null ? [] : [`${keyText(key)} = ${write(each as Json, path)}`],
    )
    return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
  }
  if (typeof value === 'number')
    return old?.type === 'TOMLValue' && old.kind === 'float' && Number.isInteger(value) ? `${value}.0` : String(value)
  if (typeof value !== 'string') return String(value)
  if (
    old?.type === 'TOMLValue' &&
    old.kind === 'string' &&
    old.style === 'literal' &&
    !old.multiline &&
    !/['\p{Cc}]/u.test(value)
  )
    return `'${value}'`
  const was = old?.type === 'TOMLValue' ? old.kind : ''
  const bare =
    (/date|time/.test(was) && /^[\d:.TtZz +-]+$/.test(value)) || (was === 'float' && /^[+-]?(inf|nan)$/.test(value))
  return bare ? value : basic(value)
}

function put(text: string, path: readonly string[], value: Json): string {
  const all = outline(text, '')
  const found = all.assignments.find((each) => same(each.path, path))
  if (found)
    return splice(text, {
      from: found.node.value.range[0],
      to: found.node.value.range[1],
      by: write(value, path, found.node.value),
    })
  const item = listItem(all, path)
  if (item) return intoList(text, item.list, item.index, write(value, path, item.list.elements[item.index]))
  if (all.headings.some((each) => isBelow(each.path, path)))
    throw refused(path, 'it is a table of its own', `remove "${dotted(path)}" first`)
  return insert(text, all, path, write(value, path))
}

/** The list that a path ends in, and the index: of an item, or one past the last. */
function listItem(
  all: Outline,
  path: readonly string[],
): { readonly list: AST.TOMLArray; readonly index: number } | undefined {
  const holder = all.assignments.find((each) => same(each.path, path.slice(0, -1)))?.node.value
  const index = Number(path.at(-1))
  return holder?.type === 'TOMLArray' && Number.isInteger(index) && index <= holder.elements.length
    ? { list: holder, index }
    : undefined
}

function intoList(text: string, list: AST.TOMLArray, index: number, body: string): string {
  const there = list.elements[index]
  const last = list.elements.at(-1)
  if (there) return splice(text, { from: there.range[0], to: there.range[1], by: body })
  if (!last) return splice(text, { from: list.range[0] + 1, to: list.range[0] + 1, by: body })
  const gap = startsLine(text, last.range[0]) ? eolOf(text) + indentAt(text, last.range[0]) : ' '
  return splice(text, { from: last.range[1], to: last.range[1], by: `,${gap}${body}` })
}

/** Puts in a new key: in its braces, in its table, beside its dotted kin, or under a heading of its own. */
function insert(text: string, all: Outline, path: readonly string[], body: string, above = ''): string {
  const eol = eolOf(text)
  const parent = path.slice(0, -1)
  const braces = bracesOf(all, parent)
  if (braces)
    return intoBraces(
      text,
      braces.node.value as AST.TOMLInlineTable,
      `${keysText(path.slice(braces.path.length))} = ${body}`,
    )
  const table = all.headings.findLast((each) => same(each.path, parent))
  const indented = (indent: string, key: string) => above.replaceAll(/^[ \t]*(?=\S)/gm, indent) + indent + key
  if (table)
    return insertLines(
      text,
      bodyEnd(text, table),
      `${indented(bodyIndent(text, table), keyText(path.at(-1)!))} = ${body}`,
      eol,
    )
  const kin =
    parent.length === 0
      ? undefined
      : all.assignments.findLast((each) => !each.inline && each.node.key.keys.length > 1 && isBelow(each.path, parent))
  if (kin) {
    const own = path.slice(kin.path.length - kin.node.key.keys.length)
    return insertLines(
      text,
      lineEnd(text, kin.node.range[1]),
      `${indented(indentAt(text, kin.node.range[0]), keysText(own))} = ${body}`,
      eol,
    )
  }
  if (parent.length === 0) return insertTop(text, all, `${indented('', keyText(path[0]!))} = ${body}`, eol)
  return newTable(text, all, parent, `${indented('', keyText(path.at(-1)!))} = ${body}`, eol)
}

/** The assignment whose braces hold a path. */
function bracesOf(all: Outline, parent: readonly string[]): Assignment | undefined {
  return all.assignments.findLast((each) => each.node.value.type === 'TOMLInlineTable' && isBelow(parent, each.path))
}

/** There is no room for a comment in braces: it stays where it was, on a line of its own. */
function moveIntoBraces(text: string, node: AST.TOMLKeyValue, to: readonly string[]): string {
  const [from, end] = node.range
  const rest = text.slice(end, lineEnd(text, end))
  const body = text.slice(...node.value.range)
  const without = rest.includes('#')
    ? splice(text, { from, to: end + rest.indexOf('#'), by: '' })
    : cutLines(text, lineStart(text, from), lineEnd(text, end))
  return insert(without, outline(without, ''), to, body)
}

function intoBraces(text: string, braces: AST.TOMLInlineTable, member: string): string {
  const last = braces.body.at(-1)
  if (!last) return splice(text, { from: braces.range[0], to: braces.range[1], by: `{ ${member} }` })
  const gap = startsLine(text, last.range[0]) ? eolOf(text) + indentAt(text, last.range[0]) : ' '
  return splice(text, { from: last.range[1], to: last.range[1], by: `,${gap}${member}` })
}

function bodyEnd(text: string, table: Heading): number {
  return lineEnd(text, table.node.body.at(-1)?.range[1] ?? table.node.key.range[1])
}

function bodyIndent(text: string, table: Heading): string {
  return indentAt(text, (table.node.body[0] ?? table.node).range[0])
}

function insertTop(text: string, all: Outline, line: string, eol: string): string {
  const last = all.assignments.findLast(
    (each) =>
      !each.inline &&
      each.path.length === each.node.key.keys.length &&
      !all.headings.some((head) => head.node.range[0] < each.node.range[0]),
  )
  if (last) return insertLines(text, lineEnd(text, last.node.range[1]), line, eol)
  const first = all.headings[0]
  if (!first) return insertLines(text, text.length, line, eol)
  return insertLines(text, commentAbove(text, lineStart(text, first.node.range[0]), comment), line + eol, eol)
}

/** A new heading goes behind its nearest kin: the last table that shares the longest part of its path; a super table before its first sub table. */
function newTable(text: string, all: Outline, parent: readonly string[], line: string, eol: string): string {
  const next = nextItem(all, parent)
  if (next) return spaced(text, next.end(text), `[[${keysText(next.name)}]]${eol}${line}`, eol)
  const heading = `[${keysText(parent.filter((part, i) => !isIndex(all, parent, i, part)))}]${eol}${line}`
  const below = all.headings.find((each) => isBelow(each.path, parent))
  if (below)
    return insertLines(text, commentAbove(text, lineStart(text, below.node.range[0]), comment), heading + eol, eol)
  for (let depth = parent.length - 1; depth > 0; depth--) {
    const kin = all.headings.findLast((each) => isBelow(each.path, parent.slice(0, depth)))
    if (kin) return spaced(text, bodyEnd(text, kin), heading, eol)
  }
  return spaced(text, text.length, heading, eol)
}

/** Where the next table of a list of tables goes, when `parent` is that: behind the last one and all below it. */
function nextItem(all: Outline, parent: readonly string[]) {
  const list = all.headings.filter(
    (each) => each.node.kind === 'array' && same(each.path.slice(0, -1), parent.slice(0, -1)),
  )
  if (list.length === 0 || parent.at(-1) !== String(list.length)) return undefined
  const last = all.headings.findLast((each) => isBelow(each.path, parent.slice(0, -1)))!
  const name = parent.slice(0, -1).filter((part, i) => !isIndex(all, parent, i, part))
  return { name, end: (text: string) => bodyEnd(text, last) }
}

function isIndex(all: Outline, parent: readonly string[], i: number, part: string): boolean {
  return (
    /^\d+$/.test(part) &&
    all.headings.some((each) => each.node.kind === 'array' && same(each.path, parent.slice(0, i + 1)))
  )
}

function spaced(text: string, at: number, lines: string, eol: string): string {
  const before = text.slice(0, at)
  const gap = before.trim() === '' || /\n\r?\n$/.test(before) ? '' : eol
  return insertLines(text, at, gap + lines, eol)
}

function cut(text: string, path: readonly string[]): string {
  const all = outline(text, '')
  const item = listItem(all, path)
  if (item && item.index < item.list.elements.length) return cutMember(text, item.list.elements, item.index)
  const heads = all.headings
    .filter((each) => isBelow(each.path, path))
    .map((each) => [lineStart(text, each.node.range[0]), bodyEnd(text, each)] as const)
  const own = all.assignments.filter(
    (each) =>
      isBelow(each.path, path) &&
      !all.assignments.some((other) => other !== each && isBelow(other.path, path) && isBelow(each.path, other.path)),
  )
  const inHeads = (offset: number) => heads.some(([from, to]) => from <= offset && offset < to)
  const braced = own.find((each) => each.inline)
  if (braced?.inline) return cutMember(text, braced.inline.body, braced.inline.body.indexOf(braced.node))
  const lines = own
    .filter((each) => !inHeads(each.node.range[0]))
    .map((each) => [lineStart(text, each.node.range[0]), lineEnd(text, each.node.range[1])] as const)
  return [...heads, ...lines].sort((a, b) => b[0] - a[0]).reduce((made, [from, to]) => cutLines(made, from, to), text)
}

function cutMember(
  text: string,
  members: readonly { readonly range: readonly [number, number] }[],
  index: number,
): string {
  const [from, to] = members[index]!.range
  const next = members[index + 1]
  if (next) return splice(text, { from, to: next.range[0], by: '' })
  const before = members[index - 1]
  return splice(text, { from: before ? before.range[1] : from, to, by: '' })
}

/** Renames a part wherever it is written: in headings, in dotted keys, in braces. */
function rekey(text: string, path: readonly string[], key: string): string {
  return splice(
    text,
    ...named(outline(text, ''), path).map(({ range }) => ({ from: range[0], to: range[1], by: keyText(key) })),
  )
}

/** The places where the last part of `path` is written. */
function named(all: Outline, path: readonly string[]): readonly { readonly range: readonly [number, number] }[] {
  const places: { readonly range: readonly [number, number] }[] = []
  for (const { path: whole, node } of [...all.headings, ...all.assignments]) {
    if (!isBelow(whole, path)) continue
    const names = node.key.keys
    const written = whole.filter((part, i) => node.type !== 'TOMLTable' || !isIndex(all, whole, i, part))
    const index = path.length - 1 - (written.length - names.length)
    const name = names[index]
    if (name && partOf(name) === path.at(-1)) places.push(name)
  }
  return places
}

function move(text: string, path: readonly string[], to: readonly string[]): string | undefined {
  const all = outline(text, '')
  const found = all.assignments.find((each) => same(each.path, path))
  if (!found) return moveTables(text, all, path, to)
  const { node } = found
  if (!found.inline && bracesOf(all, to.slice(0, -1))) return moveIntoBraces(text, node, to)
  const start = lineStart(text, node.range[0])
  const own = startsLine(text, node.range[0]) && !found.inline
  const top = own ? commentAbove(text, start, comment) : start
  const body = text.slice(node.value.range[0], own ? lineEnd(text, node.range[1]) : node.range[1]).replace(/\r?\n$/, '')
  const without = own ? cutLines(text, top, lineEnd(text, node.range[1])) : cut(text, path)
  return insert(without, outline(without, ''), to, body, own ? text.slice(top, start) : '')
}

/** Tables keep their place: only their headings get another name. */
function moveTables(text: string, all: Outline, path: readonly string[], to: readonly string[]): string | undefined {
  const heads = all.headings.filter((each) => isBelow(each.path, path))
  const loose = all.assignments.some(
    (each: Assignment) => isBelow(each.path, path) && !heads.some((head) => isBelow(each.path, head.path)),
  )
  if (
    heads.length === 0 ||
    loose ||
    heads.some((each) => each.path.some((part, i) => isIndex(all, each.path, i, part)))
  )
    return undefined
  return splice(
    text,
    ...heads.map(({ path: old, node }) => ({
      from: node.key.range[0],
      to: node.key.range[1],
      by: keysText([...to, ...old.slice(path.length)]),
    })),
  )
}

/** Without nulls, which TOML cannot write. */
function normal(value: Json): Json | undefined {
  if (value === null) return undefined
  if (Array.isArray(value)) return (value as readonly Json[]).map((each) => normal(each) ?? null)
  if (typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      const made = normal(each as Json)
      return made === undefined ? [] : [[key, made]]
    }),
  )
}

export const toml: Syntax = { read, normal, put, cut, rekey, move }

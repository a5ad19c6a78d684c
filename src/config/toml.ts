/** TOML by splices: headings, dotted keys, braces and lists of tables. TOML has no null: a key is left out instead. */
import type { AST } from 'toml-eslint-parser'
import type { Json } from '../core/json.ts'
import { refused } from './error.ts'
import { commentAbove, cutLines, eolOf, indentAt, lineEnd, lineStart, splice, startsLine } from './lines.ts'
import { dotted, isBelow, samePath } from './path.ts'
import type { Syntax } from './syntax.ts'
import { bracesOf, comment, insert } from './toml-insert.ts'
import { type Assignment, bodyEnd, isIndex, type Outline, outline, partOf, read } from './toml-read.ts'
import { keysText, keyText, write } from './toml-write.ts'

function put(text: string, path: readonly string[], value: Json): string {
  const all = outline(text, '')
  const found = all.assignments.find((each) => samePath(each.path, path))
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
  const holder = all.assignments.find((each) => samePath(each.path, path.slice(0, -1)))?.node.value
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
  const found = all.assignments.find((each) => samePath(each.path, path))
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

/** JSON, with comments and trailing commas where a file has them. Numbers keep their digits: only the text of what is written changes. */
import type { Node } from 'jsonc-parser'
import type { Json } from '../core/json.ts'
import { refused } from './error.ts'
import { end, find, parse, properties, read } from './json-read.ts'
import {
  commentAbove,
  cutLines,
  eolOf,
  indentAt,
  indentStep,
  lineEnd,
  lineStart,
  lineStop,
  reindent,
  splice,
  startsLine,
} from './lines.ts'
import type { Syntax } from './syntax.ts'

const mark = /^(\/\/|\/\*.*\*\/\s*$)/

function put(text: string, path: readonly string[], value: Json): string {
  const root = parse(text, '')
  const found = find(root, path)
  if (!found) return insert(text, root, path, (indent) => write(value, text, indent))
  return splice(text, {
    from: found.value.offset,
    to: end(found.value),
    by: write(value, text, indentAt(text, found.value.offset)),
  })
}

/** A value as JSON, its further lines indented by `indent` when it is a collection that gets lines. */
function write(value: Json, text: string, indent: string): string {
  const oneLine = !text.includes('\n')
  return JSON.stringify(value, null, oneLine ? undefined : indentStep(text)).replaceAll('\n', eolOf(text) + indent)
}

/** Puts in a new member; maps that are missing on its way are made. `above` are comment lines, `behind` the comment after it. */
function insert(
  text: string,
  root: Node,
  path: readonly string[],
  body: (indent: string) => string,
  above = '',
  behind = '',
): string {
  let depth = path.length - 1
  while (depth > 0 && !find(root, path.slice(0, depth))) depth--
  const parent = find(root, path.slice(0, depth))!.value
  if (parent.type !== 'object' && parent.type !== 'array')
    throw refused(path, 'the value above it is neither an object nor an array')
  const [name, ...below] = path.slice(depth)
  const label = parent.type === 'array' ? '' : `${JSON.stringify(name)}:${colonGap(text)}`
  const member = (indent: string) => label + wrapped(text, below, indent, body)
  const last = parent.children?.at(-1)
  if (last === undefined) return intoEmpty(text, parent, member, above, behind)
  if (!startsLine(text, last.offset))
    return splice(text, {
      from: end(last),
      to: end(last),
      by: `,${text.includes(', ') || !text.includes(',') ? ' ' : ''}${member('')}`,
    })
  return afterLast(text, last, member, above, behind)
}

function wrapped(text: string, below: readonly string[], indent: string, body: (indent: string) => string): string {
  const [name, ...rest] = below
  if (name === undefined) return body(indent)
  if (!text.includes('\n')) return `{${JSON.stringify(name)}:${colonGap(text)}${wrapped(text, rest, indent, body)}}`
  const deeper = indent + indentStep(text)
  return `{${eolOf(text)}${deeper}${JSON.stringify(name)}:${colonGap(text)}${wrapped(text, rest, deeper, body)}${eolOf(text)}${indent}}`
}

function colonGap(text: string): string {
  return /":\S/.test(text) && !/": /.test(text) ? '' : ' '
}

function intoEmpty(
  text: string,
  parent: Node,
  member: (indent: string) => string,
  above: string,
  behind: string,
): string {
  const indent = indentAt(text, parent.offset)
  const inside = text.slice(parent.offset + 1, end(parent) - 1)
  const eol = eolOf(text)
  if (!text.includes('\n')) return splice(text, { from: parent.offset + 1, to: parent.offset + 1, by: member('') })
  const deeper = indent + indentStep(text)
  const lines = `${eol}${moved(above, deeper)}${deeper}${member(deeper)}${behind}`
  const from = parent.offset + 1
  const to = inside.trim() === '' ? end(parent) - 1 : from
  return splice(text, { from, to, by: to === from && inside.includes('\n') ? lines : `${lines}${eol}${indent}` })
}

function afterLast(
  text: string,
  last: Node,
  member: (indent: string) => string,
  above: string,
  behind: string,
): string {
  const indent = indentAt(text, last.offset)
  const comma = /^(?:\s|\/\/.*|\/\*[^]*?\*\/)*,/.exec(text.slice(end(last)))?.[0]
  const from = end(last) + (comma?.length ?? 0)
  const rest = text.slice(from, lineStop(text, from))
  const at = /^\s*(\/\/.*|\/\*.*\*\/\s*)?$/.test(rest) ? lineStop(text, from) : from
  const lines = `${eolOf(text)}${moved(above, indent)}${indent}${member(indent)}${comma === undefined ? '' : ','}${behind}`
  return splice(text, ...(comma === undefined ? [{ from, to: from, by: ',' }] : []), { from: at, to: at, by: lines })
}

function moved(comments: string, indent: string): string {
  return comments.replaceAll(/^[ \t]*(?=\S)/gm, indent)
}

/** What a member takes of the text: its own lines where it has them, else itself and one comma. */
function cut(text: string, path: readonly string[], from?: number): string {
  const root = parse(text, '')
  const found = find(root, path)
  return found ? cutMember(text, find(root, path.slice(0, -1))!.value.children!, found.holder, from) : text
}

function cutMember(
  text: string,
  members: readonly Node[],
  holder: Node,
  from = lineStart(text, holder.offset),
): string {
  const place = members.indexOf(holder)
  const before = members[place - 1]
  const comma = /^\s*,/.exec(text.slice(end(holder)))
  const stop = end(holder) + (comma?.[0].length ?? 0)
  const rest = text.slice(stop, lineStop(text, stop))
  const wholeLines =
    startsLine(text, holder.offset) &&
    /^\s*(\/\/.*|\/\*.*\*\/\s*)?$/.test(rest) &&
    lineEnd(text, stop) <= text.length &&
    !/^\s*[}\]]/.test(rest)
  const orphan = comma === null && before !== undefined ? text.indexOf(',', end(before)) : -1
  const bared = orphan < 0 ? [] : [{ from: orphan, to: orphan + 1, by: '' }]
  if (wholeLines) {
    const cutOut = cutLines(text, from, lineEnd(text, stop))
    return orphan < 0 ? cutOut : splice(cutOut, { from: orphan, to: orphan + 1, by: '' })
  }
  const next = members[place + 1]
  if (next) return splice(text, { from: holder.offset, to: next.offset, by: '' })
  return before
    ? splice(text, { from: orphan < 0 ? end(before) : orphan, to: stop, by: '' })
    : splice(text, { from: holder.offset, to: stop, by: '' }, ...bared)
}

function rekey(text: string, path: readonly string[], key: string): string {
  const parent = find(parse(text, ''), path.slice(0, -1))!.value
  const found = properties(parent).find((each) => each.key.value === path.at(-1))!
  return splice(text, { from: found.key.offset, to: end(found.key), by: JSON.stringify(key) })
}

function move(text: string, path: readonly string[], to: readonly string[]): string | undefined {
  const { holder, value } = find(parse(text, ''), path)!
  const source = text.slice(value.offset, end(value))
  const old = indentAt(text, holder.offset)
  const body = (indent: string) => reindent(`${old}${source}`, old, indent)?.slice(indent.length) ?? source
  if (!startsLine(text, holder.offset)) return landed(cut(text, path), to, body)
  const start = lineStart(text, holder.offset)
  const above = text.slice(commentAbove(text, start, mark), start)
  const behind =
    /^\s*,?(\s*(?:\/\/.*|\/\*.*\*\/))\s*$/.exec(text.slice(end(value), lineStop(text, end(value))))?.[1] ?? ''
  const made = landed(cut(text, path, start - above.length), to, body, above, behind)
  if (made.includes(above.trim()) && made.includes(behind.trim())) return made
  const noted = behind === '' ? text : splice(text, { from: start, to: start, by: old + behind.trim() + eolOf(text) })
  return landed(cut(noted, path), to, body)
}

/** Puts a moved member in. On a line shared with others there is no room for its comments: then they are to stay where they were. */
function landed(
  text: string,
  to: readonly string[],
  body: (indent: string) => string,
  above = '',
  behind = '',
): string {
  return insert(text, parse(text, ''), to, body, above, behind)
}

export const json: Syntax = { read, normal: (value) => value, put, cut, rekey, move }

/** Where a key that is not there yet goes in a TOML text: into braces, into its table, beside its dotted kin, or under a heading of its own. */
import type { AST } from 'toml-eslint-parser'
import { commentAbove, eolOf, indentAt, insertLines, lineEnd, lineStart, splice, startsLine } from './lines.ts'
import { isBelow, samePath } from './path.ts'
import { type Assignment, bodyEnd, type Heading, isIndex, type Outline } from './toml-read.ts'
import { keysText, keyText } from './toml-write.ts'

/** The marks of a comment line. */
export const comment = /^#/

/** Puts in a new key: in its braces, in its table, beside its dotted kin, or under a heading of its own. */
export function insert(text: string, all: Outline, path: readonly string[], body: string, above = ''): string {
  const eol = eolOf(text)
  const parent = path.slice(0, -1)
  const braces = bracesOf(all, parent)
  if (braces)
    return intoBraces(
      text,
      braces.node.value as AST.TOMLInlineTable,
      `${keysText(path.slice(braces.path.length))} = ${body}`,
    )
  const table = all.headings.findLast((each) => samePath(each.path, parent))
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
export function bracesOf(all: Outline, parent: readonly string[]): Assignment | undefined {
  return all.assignments.findLast((each) => each.node.value.type === 'TOMLInlineTable' && isBelow(parent, each.path))
}

function intoBraces(text: string, braces: AST.TOMLInlineTable, member: string): string {
  const last = braces.body.at(-1)
  if (!last) return splice(text, { from: braces.range[0], to: braces.range[1], by: `{ ${member} }` })
  const gap = startsLine(text, last.range[0]) ? eolOf(text) + indentAt(text, last.range[0]) : ' '
  return splice(text, { from: last.range[1], to: last.range[1], by: `,${gap}${member}` })
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
    (each) => each.node.kind === 'array' && samePath(each.path.slice(0, -1), parent.slice(0, -1)),
  )
  if (list.length === 0 || parent.at(-1) !== String(list.length)) return undefined
  const last = all.headings.findLast((each) => isBelow(each.path, parent.slice(0, -1)))!
  const name = parent.slice(0, -1).filter((part, i) => !isIndex(all, parent, i, part))
  return { name, end: (text: string) => bodyEnd(text, last) }
}

function spaced(text: string, at: number, lines: string, eol: string): string {
  const before = text.slice(0, at)
  const gap = before.trim() === '' || /\n\r?\n$/.test(before) ? '' : eol
  return insertLines(text, at, gap + lines, eol)
}

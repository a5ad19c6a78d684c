/** Edits of YAML as splices, by the places that the parser gives. Each may fail to give what was asked: `edits.ts` reads every result again. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Json } from '../core/json.ts'
import { refused } from './error.ts'
import {
  commentAbove,
  cutLines,
  eolOf,
  indentAt,
  indentStep,
  insertLines,
  lineStart,
  lineStop,
  reindent,
  splice,
  startsLine,
} from './lines.ts'
import { valueAt, withValue } from './value.ts'
import { read } from './yaml-read.ts'
import {
  afterSign,
  blockEnd,
  column,
  find,
  isBlock,
  isFlow,
  keyStart,
  mapEnd,
  type Spot,
  valueEnd,
} from './yaml-spot.ts'
import { inline, keyOf, tail } from './yaml-write.ts'

/** Writes a value at a path, there already or not. */
export function put(text: string, path: readonly string[], value: Json): string {
  const { spot, depth } = find(text, path)
  if (depth === path.length) return replace(text, spot, value)
  const rest = path.slice(depth)
  if (isAlias(spot.node))
    return put(text, path.slice(0, depth), withValue(valueAt(read(text, ''), path.slice(0, depth)), rest, value)!)
  return insert(text, spot, rest, value)
}

function replace(text: string, spot: Spot, value: Json): string {
  const { node } = spot
  const empty = !node?.range || node.range[0] === node.range[1]
  const eol = eolOf(text)
  const several =
    typeof value === 'object' &&
    value !== null &&
    (Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0)
  if (spot.pair && !spot.flow && (isBlock(node) || (several && !isFlow(node)))) {
    const from = afterSign(spot)
    const end = isBlock(node)
      ? lineStop(text, valueEnd(spot) - (text[valueEnd(spot) - 1] === '\n' ? 1 : 0))
      : valueEnd(spot)
    const written = tail(value, column(text, keyStart(spot.pair)), indentStep(text), eol)
    return splice(text, { from, to: end, by: withComment(written, headComment(text, spot, from), eol) })
  }
  const style = isScalar(node) && typeof node.value === 'string' ? node.type : 'PLAIN'
  if (empty) return splice(text, { from: afterSign(spot), to: afterSign(spot), by: ` ${inline(value)}` })
  const ended = text[node.range![1] - 1] === '\n'
  return splice(text, { from: node.range![0], to: node.range![1], by: inline(value, style) + (ended ? eol : '') })
}

/** The comment behind `key:`, where the value begins on a later line. */
function headComment(text: string, spot: Spot, from: number): string {
  const begins = spot.node?.range?.[0] ?? from
  if (begins <= lineStop(text, from)) return ''
  return /^[^\S\r\n]+#.*/.exec(text.slice(from, lineStop(text, from)))?.[0] ?? ''
}

function withComment(written: string, comment: string, eol: string): string {
  const [first, ...more] = written.split(eol)
  return [`${first}${comment}`, ...more].join(eol)
}

function nested(path: readonly string[], value: Json): Json {
  return path.reduceRight<Json>((below, part) => ({ [part]: below }), value)
}

function insert(text: string, spot: Spot, rest: readonly string[], value: Json): string {
  const { node } = spot
  const [name = '', ...below] = rest
  const eol = eolOf(text)
  const inner = nested(below, value)
  if (isMap(node) && node.flow !== true) {
    const indent = column(text, keyStart(node.items[0]!))
    return insertLines(
      text,
      mapEnd(text, node),
      `${indent}${keyOf(name)}:${tail(inner, indent, indentStep(text), eol)}`,
      eol,
    )
  }
  if (isMap(node) || (isSeq(node) && node.flow === true))
    return intoFlow(text, node, isMap(node) ? `${keyOf(name)}: ${inline(inner)}` : inline(inner))
  if (isSeq(node)) {
    const last: Spot = { node: node.items.at(-1) as Node, seq: node, index: node.items.length - 1, flow: false }
    const dash = afterSign(last) - 1
    return insertLines(text, blockEnd(text, last), `${column(text, dash)}- ${inline(inner)}`, eol)
  }
  if (node !== null && !(isScalar(node) && node.value === null))
    throw refused(rest, 'the value above it is neither a map nor a list')
  if (spot.pair || spot.seq) return replace(text, spot, nested(rest, value))
  return insertLines(text, text.length, `${keyOf(name)}:${tail(inner, '', indentStep(text), eol)}`, eol)
}

function intoFlow(text: string, node: YAMLMap | YAMLSeq, member: string): string {
  const open = node.range![0]
  const close = node.range![1] - 1
  const last = node.items.at(-1)
  if (last === undefined)
    return splice(text, {
      from: open + 1,
      to: close,
      by: text.slice(open + 1, close).trim() === '' ? member : `${text.slice(open + 1, close)}${member}`,
    })
  const lastNode = (isMap(node) ? ((last as Pair).value ?? (last as Pair).key) : last) as Node
  const end =
    lastNode.range![1] === lastNode.range![0]
      ? afterSign({ node: null, pair: last as Pair, flow: true })
      : lastNode.range![1]
  const first = isMap(node) ? keyStart(last as Pair) : lastNode.range![0]
  const gap = startsLine(text, first) ? eolOf(text) + indentAt(text, first) : ' '
  return splice(text, { from: end, to: end, by: `,${gap}${member}` })
}

/** Takes out what is at a path. A map or list that this leaves empty is written as `{}` or `[]`. */
export function cut(text: string, path: readonly string[]): string {
  const { spot, depth } = find(text, path)
  if (depth < path.length)
    throw refused(path, 'it comes from an alias or a merge', 'remove it from the map that the alias names')
  const holder = spot.map ?? spot.seq
  if (!holder) throw refused(path, 'it is a whole document')
  if (spot.flow) return cutFlow(text, holder, spot)
  if (holder.items.length === 1 && find(text, path.slice(0, -1)).spot.pair)
    return put(text, path.slice(0, -1), spot.map ? {} : [])
  const start = spot.pair ? keyStart(spot.pair) : afterSign(spot) - 1
  if (startsLine(text, start)) return cutLines(text, lineStart(text, start), blockEnd(text, spot))
  return cutFirst(text, path, spot, holder)
}

/** The first pair of a map that begins behind a dash: the next one takes its place. */
function cutFirst(text: string, path: readonly string[], spot: Spot, holder: YAMLMap | YAMLSeq): string {
  const next = spot.map?.items[1]
  if (!spot.pair || !next) {
    const value = holder.range![0]
    return splice(text, { from: value, to: lineStop(text, holder.range![1] - 1), by: spot.map ? '{}' : '[]' })
  }
  const between = text.slice(blockEnd(text, spot), keyStart(next))
  if (between.trim() !== '') throw refused(path, 'a comment stands between it and the next key')
  return splice(text, { from: keyStart(spot.pair), to: keyStart(next), by: '' })
}

function cutFlow(text: string, holder: YAMLMap | YAMLSeq, spot: Spot): string {
  const index = spot.index ?? (holder.items as readonly unknown[]).indexOf(spot.pair)
  const start = (i: number) => (spot.pair ? keyStart(holder.items[i] as Pair) : (holder.items[i] as Node).range![0])
  if (index + 1 < holder.items.length) return splice(text, { from: start(index), to: start(index + 1), by: '' })
  const end = valueEnd(spot)
  if (index === 0)
    return splice(text, { from: start(0), to: end + (/^\s*,/.exec(text.slice(end))?.[0].length ?? 0), by: '' })
  const comma = text.lastIndexOf(',', start(index))
  return splice(text, { from: comma, to: end, by: '' })
}

/** Another name for a key, where it stands. */
export function rekey(text: string, path: readonly string[], key: string): string {
  const { spot, depth } = find(text, path)
  if (depth < path.length || !spot.pair) throw refused(path, 'it has no key of its own')
  const { range, type } = spot.pair.key as Node & { type?: string }
  return splice(text, { from: range![0], to: range![1], by: inline(key, type) })
}

/** Moves the lines of a key, comments and all; undefined where it has none of its own, or where they would land in brackets. */
export function move(text: string, path: readonly string[], to: readonly string[]): string | undefined {
  const { spot } = find(text, path)
  const key = spot.pair && keyStart(spot.pair)
  if (key === undefined || spot.flow || !startsLine(text, key)) return undefined
  const start = lineStart(text, key)
  const top = commentAbove(text, start, /^#/)
  const behind = text.slice((spot.pair!.key as Node).range![1], blockEnd(text, spot)).replace(/\r?\n$/, '')
  const lines = `${text.slice(top, start)}${indentAt(text, key)}${keyOf(to.at(-1)!)}${behind}`
  const only = spot.map!.items.length === 1 && path.length > 1
  const without = only ? cut(text, path) : cutLines(text, top, blockEnd(text, spot))
  return land(without, to, lines, indentAt(text, key))
}

function land(text: string, to: readonly string[], lines: string, from: string): string | undefined {
  const { spot, depth } = find(text, to.slice(0, -1))
  const eol = eolOf(text)
  const step = indentStep(text)
  const missing = to.slice(depth, -1)
  const root = spot.node === null && !spot.pair
  if (!root && !(isMap(spot.node) && spot.node.flow !== true)) return undefined
  const indent = root ? '' : column(text, keyStart((spot.node as YAMLMap).items[0]!))
  const heads = missing.map((part, i) => `${indent}${step.repeat(i)}${keyOf(part)}:${eol}`).join('')
  const placed = reindent(lines, from, indent + step.repeat(missing.length))
  if (placed === undefined) return undefined
  return insertLines(text, root ? text.length : mapEnd(text, spot.node as YAMLMap), heads + placed, eol)
}

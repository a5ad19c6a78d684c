/** The place of everything in a YAML text: where a path leads, and where keys, signs and values begin and end. Changes nothing. */
import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import { refused } from './error.ts'
import { indentAt, lineEnd, lineStart, startsLine } from './lines.ts'
import { pairOf, parse } from './yaml-read.ts'

/** Where a path leads: the node, in a pair of a map or an item of a list; `flow` when inside brackets. */
export interface Spot {
  readonly node: Node | null
  readonly map?: YAMLMap
  readonly pair?: Pair
  readonly seq?: YAMLSeq
  readonly index?: number
  readonly flow: boolean
}

interface Found {
  readonly spot: Spot
  /** How many parts of the path lead to `spot`: all of them, or those before the first that is missing. */
  readonly depth: number
}

interface Token {
  readonly type: string
  readonly offset: number
  readonly source: string
}

/** As far as a path leads. Of several documents the first part is the number. */
export function find(text: string, path: readonly string[]): Found {
  const documents = parse(text, '')
  const several = documents.length > 1
  const root = documents[several ? Number(path[0]) : 0]
  let spot: Spot = { node: (root?.contents ?? null) as Node | null, flow: false }
  for (let depth = several ? 1 : 0; depth < path.length; depth++) {
    const next = child(spot, path[depth]!)
    if (!next) return { spot, depth }
    spot = next
  }
  return { spot, depth: path.length }
}

function child(spot: Spot, part: string): Spot | undefined {
  const { node } = spot
  const flow = spot.flow || isFlow(node)
  if (isMap(node)) {
    const pair = pairOf(node, part)
    return pair && { node: pair.value as Node | null, map: node, pair, flow }
  }
  if (!isSeq(node) || !/^\d+$/.test(part) || Number(part) >= node.items.length) return undefined
  return { node: node.items[Number(part)] as Node, seq: node, index: Number(part), flow }
}

/** The tokens between a key and its value, or before an item. */
function tokens(spot: Spot): readonly Token[] {
  if (spot.pair) return ((spot.pair.srcToken as { sep?: readonly Token[] } | undefined)?.sep ?? []) as readonly Token[]
  const items = (spot.seq?.srcToken as { items?: readonly { start: readonly Token[] }[] } | undefined)?.items
  return items?.[spot.index ?? 0]?.start ?? []
}

/** Behind the colon or the dash. */
export function afterSign(spot: Spot): number {
  const sign = tokens(spot).find((each) => each.type === 'map-value-ind' || each.type === 'seq-item-ind')
  if (sign) return sign.offset + 1
  throw refused([], 'it is written without a colon')
}

/** True for what has lines of its own: block text, a map or a list without brackets. */
export function isBlock(node: Node | null): boolean {
  if (isScalar(node)) return node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED'
  return (isMap(node) || isSeq(node)) && node.flow !== true
}

/** Behind the last character of a value; behind the sign where there is none. */
export function valueEnd(spot: Spot): number {
  const range = spot.node?.range
  return !range || range[0] === range[1] ? afterSign(spot) : range[1]
}

/** Behind the last line of a value: its comment and its line end are of it. */
export function blockEnd(text: string, spot: Spot): number {
  const end = valueEnd(spot)
  return text[end - 1] === '\n' ? end : lineEnd(text, end)
}

export function keyStart(pair: Pair): number {
  return (pair.key as Node).range![0]
}

/** The indentation of what begins at `offset`: as many spaces as are before it, where it does not begin its line. */
export function column(text: string, offset: number): string {
  return startsLine(text, offset) ? indentAt(text, offset) : ' '.repeat(offset - lineStart(text, offset))
}

/** True for a map or a list in brackets. */
export function isFlow(node: Node | null): boolean {
  return (isMap(node) || isSeq(node)) && node.flow === true
}

/** Behind the last line of a block map. */
export function mapEnd(text: string, map: YAMLMap): number {
  const pair = map.items.at(-1)!
  return blockEnd(text, { node: pair.value as Node | null, map, pair, flow: false })
}

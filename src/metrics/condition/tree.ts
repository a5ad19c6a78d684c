/** What a condition is made of once it is read. Data only; knows neither its text nor what it is asked of. */
import type { Place } from './tokens.ts'

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='
export type Arithmetic = '+' | '-' | '*' | '/' | '%' | '**'
export type BinarySign =
  Comparison | Arithmetic | 'and' | 'or' | 'in' | '??' | '..' | 'contains' | 'startsWith' | 'endsWith' | 'matches'

/** Those of a condition for each element: `all(result, # < 1)`. */
export type EachName =
  | 'all'
  | 'any'
  | 'none'
  | 'one'
  | 'count'
  | 'filter'
  | 'map'
  | 'sum'
  | 'find'
  | 'findIndex'
  | 'findLast'
  | 'findLastIndex'
  | 'groupBy'
  | 'countBy'
  | 'sortBy'
  | 'reduce'

export type Node = { readonly at: Place } & (
  | { readonly type: 'literal'; readonly value: number | string | boolean | null }
  | { readonly type: 'list'; readonly items: readonly Node[] }
  | { readonly type: 'result' }
  | { readonly type: 'fields'; readonly entries: readonly Entry[] }
  /** `#`, `#index` of the same, and `#acc`, what `reduce` has come to. */
  | { readonly type: 'item'; readonly what: 'item' | 'index' | 'sum' }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'let'; readonly name: string; readonly value: Node; readonly body: Node }
  | { readonly type: 'unary'; readonly sign: '-' | '+' | 'not'; readonly of: Node }
  | { readonly type: 'binary'; readonly sign: BinarySign; readonly left: Node; readonly right: Node }
  | { readonly type: 'choice'; readonly when: Node; readonly met: Node; readonly otherwise: Node }
  /** `sure`: written without `?.`, so that what it is taken of has to be there. */
  | { readonly type: 'member'; readonly of: Node; readonly name: string; readonly sure: boolean }
  | { readonly type: 'element'; readonly of: Node; readonly index: Node; readonly sure: boolean }
  | {
      readonly type: 'slice'
      readonly of: Node
      readonly from: Node | undefined
      readonly to: Node | undefined
    }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Node[] }
  /** `more`: where `reduce` begins, the order of `sortBy`. */
  | {
      readonly type: 'each'
      readonly name: EachName
      readonly of: Node
      readonly test: Node | undefined
      readonly more: Node | undefined
    }
)

/** One of `{name: value, (any): value}`. */
export interface Entry {
  readonly key: Node
  readonly value: Node
}

/** The nodes right below. */
export function below(node: Node): readonly Node[] {
  switch (node.type) {
    case 'literal':
    case 'result':
    case 'item':
    case 'name':
      return []
    case 'list':
      return node.items
    case 'fields':
      return node.entries.flatMap(({ key, value }) => [key, value])
    case 'let':
      return [node.value, node.body]
    case 'unary':
      return [node.of]
    case 'binary':
      return [node.left, node.right]
    case 'choice':
      return [node.when, node.met, node.otherwise]
    case 'member':
      return [node.of]
    case 'element':
      return [node.of, node.index]
    case 'slice':
      return [node.of, node.from, node.to].filter((each) => each !== undefined)
    case 'call':
      return node.args
    case 'each':
      return [node.of, node.test, node.more].filter((each) => each !== undefined)
  }
}

/** The same text for nodes that mean the same: signs in one spelling, no places. */
export function keyOf(node: Node): string {
  return JSON.stringify(node, (key, value: unknown) =>
    key === 'at' ? undefined : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  )
}

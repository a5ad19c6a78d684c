/** What comes before what, for `sort` and `sortBy`: numbers among numbers, texts among texts. */
import { ConditionFault, type Place } from './tokens.ts'
import { numberIn, type Scope, textIn, type Value } from './value.ts'

interface Ranked {
  readonly value: Value
  readonly by: Value
}

/** `order`: "asc" or "desc"; what is equal keeps its place. */
export function ordered(items: readonly Ranked[], order: Value | undefined, scope: Scope, at: Place): readonly Value[] {
  if (order !== undefined && order !== 'asc' && order !== 'desc')
    throw new ConditionFault(at, `the order is "asc" or "desc", not ${JSON.stringify(order)}`)
  const texts = typeof items[0]?.by === 'string'
  const ranks = items.map(({ value, by }) => ({ value, by: texts ? textIn(by, at) : numberIn(by, scope, at) }))
  const sign = order === 'desc' ? -1 : 1
  return ranks.toSorted((a, b) => (a.by < b.by ? -sign : a.by > b.by ? sign : 0)).map(({ value }) => value)
}

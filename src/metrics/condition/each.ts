/** The words that ask for each element: `all(result, # < 1)`. Knows no tree but the word itself. */
import { ordered } from './order.ts'
import { ConditionFault, type Place } from './tokens.ts'
import type { Node } from './tree.ts'
import { listIn, numberIn, type Scope, textIn, trying, truthIn, type Value } from './value.ts'

/** What is asked of an element; `sum` is what `reduce` has come to. */
type Ask = (item: Value, index: number, sum: Value) => Value

/** `more`: where `reduce` begins, the order of `sortBy`. Throws `ConditionFault`. */
export function eachOf(
  node: Extract<Node, { type: 'each' }>,
  of: Value,
  asked: Ask | undefined,
  more: Value | undefined,
  scope: Scope,
): Value {
  const items = listIn(of, node.of.at)
  const ask = (item: Value, index: number) => (asked ? asked(item, index, null) : item)
  const at = (node.test ?? node.of).at
  const holds = (item: Value, index: number) => truthIn(ask(item, index), at)
  switch (node.name) {
    case 'all':
      return !decided(items, (item, index) => !holds(item, index))
    case 'none':
      return !decided(items, holds)
    case 'any':
      return decided(items, holds)
    case 'one':
      return items.filter(holds).length === 1
    case 'count':
      return items.filter(holds).length
    case 'filter':
      return items.filter(holds)
    case 'map':
      return items.map(ask)
    case 'sum':
      return items.reduce<number>((sum, item, index) => sum + numberIn(ask(item, index), scope, node.at), 0)
    case 'find':
      return items.find(holds) ?? null
    case 'findIndex':
      return items.findIndex(holds)
    case 'findLast':
      return items.findLast(holds) ?? null
    case 'findLastIndex':
      return items.findLastIndex(holds)
    case 'groupBy':
      return Object.fromEntries(grouped(items, ask, at))
    case 'countBy':
      return Object.fromEntries([...grouped(items, ask, at)].map(([name, group]) => [name, group.length]))
    case 'sortBy': {
      const ranked = items.map((value, index) => ({ value, by: ask(value, index) }))
      return ordered(ranked, more, scope, at)
    }
    case 'reduce':
      return reduced(items, asked ?? ask, more, node.at)
  }
}

/** Whether it holds of any. One that cannot be told does not hide another that can. */
function decided(items: readonly Value[], holds: (item: Value, index: number) => boolean): boolean {
  const asked = items.map((item, index) => trying(() => holds(item, index)))
  if (asked.includes(true)) return true
  const fault = asked.find((each) => each instanceof ConditionFault)
  if (fault) throw fault
  return false
}

/** A group's name is a text: a number or truth stands under its own spelling. */
function grouped(
  items: readonly Value[],
  ask: (item: Value, index: number) => Value,
  at: Place,
): ReadonlyMap<string, readonly Value[]> {
  const groups = new Map<string, Value[]>()
  for (const [index, item] of items.entries()) {
    const key = ask(item, index)
    const name = typeof key === 'number' || typeof key === 'boolean' ? String(key) : textIn(key, at)
    groups.set(name, [...(groups.get(name) ?? []), item])
  }
  return groups
}

/** Without a beginning the first element is it. */
function reduced(items: readonly Value[], step: Ask, begin: Value | undefined, at: Place): Value {
  if (begin === undefined && items.length === 0) throw new ConditionFault(at, 'the answer is empty', true)
  const start = begin === undefined ? 1 : 0
  return items
    .slice(start)
    .reduce<Value>((sum, item, index) => step(item, index + start, sum), begin ?? items[0] ?? null)
}

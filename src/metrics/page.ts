/** A query answered from the scrapes of a page that were kept. No evidence of growth before the second scrape, of a rate before half of its window was seen. Pure. */
import { own } from '../core/json.ts'
import type { Series } from './exposition.ts'
import type { Matcher, Query } from './selector.ts'

export interface Scrape {
  /** When it was taken, in milliseconds since 1970. */
  readonly at: number
  readonly series: readonly Series[]
}

export interface Sampled {
  readonly labels: { readonly [name: string]: string }
  readonly value: number
  readonly at: number | null
}

/** `figure` for numbers and what is reckoned from them. */
export type PageAnswer =
  | { readonly type: 'figure'; readonly value: number; readonly at: number | null }
  | { readonly type: 'list'; readonly items: readonly Sampled[] }

/** `scrapes`: the oldest first, the one that was just taken last. */
export function answerQuery(query: Query, scrapes: readonly Scrape[]): PageAnswer {
  switch (query.type) {
    case 'number':
      return { type: 'figure', value: query.value, at: null }
    case 'series':
      return { type: 'list', items: select(query, scrapes.at(-1)) }
    case 'growth':
      return { type: 'list', items: grown(query, scrapes) }
    case 'fold':
      return fold(query.by, items(answerQuery(query.of, scrapes)))
    case 'quantile':
      return { type: 'list', items: quantiles(query.share, items(answerQuery(query.of, scrapes))) }
    case 'reckon':
      return reckon(query.sign, answerQuery(query.left, scrapes), answerQuery(query.right, scrapes))
  }
}

/** The longest time that a query looks back, in milliseconds: how long scrapes must be kept. */
export function lookBack(query: Query): number {
  switch (query.type) {
    case 'number':
    case 'series':
      return 0
    case 'growth':
      return query.windowMs
    case 'reckon':
      return Math.max(lookBack(query.left), lookBack(query.right))
    default:
      return lookBack(query.of)
  }
}

function select(query: Extract<Query, { type: 'series' }>, scrape: Scrape | undefined): readonly Sampled[] {
  if (!scrape) return []
  return scrape.series
    .filter(
      (each) => (query.name === '' || each.name === query.name) && query.matchers.every((one) => matches(one, each)),
    )
    .map((each) => ({ labels: each.labels, value: each.value, at: each.at ?? scrape.at }))
}

function matches({ label, sign, value }: Matcher, series: Series): boolean {
  const seen = label === '__name__' ? series.name : (own(series.labels, label) ?? '')
  if (sign === '=' || sign === '!=') return (seen === value) === (sign === '=')
  return new RegExp(`^(?:${value})$`, 's').test(seen) === (sign === '=~')
}

/** A rate over a smaller share of its window than this says more of the moment than of what is measured. */
const leastShare = 0.5

/** From the oldest scrape within the window to the last. Nothing where there is but one: growth needs two, a rate half of its window. */
function grown(query: Extract<Query, { type: 'growth' }>, scrapes: readonly Scrape[]): readonly Sampled[] {
  const last = scrapes.at(-1)
  if (!last || query.of.type !== 'series') return []
  const of = query.of
  const within = scrapes.filter((each) => each.at >= last.at - query.windowMs)
  const histories = new Map<string, Sampled[]>()
  for (const scrape of within)
    for (const each of select(of, scrape)) {
      const key = keyOf(each.labels)
      const history = histories.get(key) ?? []
      history.push({ ...each, at: scrape.at })
      histories.set(key, history)
    }
  return [...histories.values()].flatMap((history) => {
    const [first, end] = [history[0]!, history.at(-1)!]
    // A series that has gone must not be reported by its past.
    if (history.length < 2 || end.at !== last.at) return []
    const by = query.by === 'delta' ? end.value - first.value : increases(history)
    const seconds = ((end.at ?? 0) - (first.at ?? 0)) / 1000
    if (query.by === 'rate' && seconds * 1000 < query.windowMs * leastShare) return []
    return [{ labels: end.labels, value: query.by === 'rate' ? by / seconds : by, at: end.at }]
  })
}

/** A counter that falls was begun anew. */
function increases(history: readonly Sampled[]): number {
  return history.slice(1).reduce((sum, { value }, index) => {
    const before = history[index]!.value
    return sum + (value >= before ? value - before : value)
  }, 0)
}

function fold(by: Extract<Query, { type: 'fold' }>['by'], of: readonly Sampled[]): PageAnswer {
  if (of.length === 0) return { type: 'list', items: [] }
  const values = of.map((each) => each.value)
  const sum = values.reduce((a, b) => a + b, 0)
  const folded = {
    sum,
    max: Math.max(...values),
    min: Math.min(...values),
    avg: sum / values.length,
    count: values.length,
  }
  return { type: 'list', items: [{ labels: {}, value: folded[by], at: newest(of) }] }
}

/** As Prometheus: linear within the bucket, the last finite bound where it lies above all. Buckets are grouped by their other labels. */
function quantiles(share: number, of: readonly Sampled[]): readonly Sampled[] {
  const groups = new Map<
    string,
    { labels: { [name: string]: string }; buckets: { le: number; count: number }[]; at: number | null }
  >()
  for (const each of of) {
    const { le, ...labels } = each.labels
    if (le === undefined) continue
    const group = groups.get(keyOf(labels)) ?? { labels, buckets: [], at: each.at }
    group.buckets.push({ le: /^\+?inf$/i.test(le) ? Infinity : Number(le), count: each.value })
    groups.set(keyOf(labels), group)
  }
  return [...groups.values()].map(({ labels, buckets, at }) => ({ labels, value: quantile(share, buckets), at }))
}

function quantile(share: number, given: readonly { readonly le: number; readonly count: number }[]): number {
  const buckets = given.toSorted((a, b) => a.le - b.le)
  const all = buckets.at(-1)
  if (!all || all.le !== Infinity || buckets.length < 2 || all.count === 0) return NaN
  const rank = share * all.count
  const index = buckets.findIndex((each) => each.count >= rank)
  const bucket = buckets[index]
  if (!bucket || bucket.le === Infinity) return buckets.at(-2)!.le
  const below = buckets[index - 1]
  if (!below && bucket.le <= 0) return bucket.le
  const start = below?.le ?? 0
  const under = below?.count ?? 0
  return bucket.count === under ? start : start + ((bucket.le - start) * (rank - under)) / (bucket.count - under)
}

const reckoned: { readonly [sign: string]: (a: number, b: number) => number } = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}

/** Two figures, a list and a figure, or two lists by equal labels; what has no counterpart falls out, as in Prometheus. */
function reckon(sign: string, left: PageAnswer, right: PageAnswer): PageAnswer {
  const work = reckoned[sign]!
  if (left.type === 'figure' && right.type === 'figure') return { ...left, value: work(left.value, right.value) }
  if (right.type === 'figure')
    return { type: 'list', items: items(left).map((each) => ({ ...each, value: work(each.value, right.value) })) }
  if (left.type === 'figure')
    return { type: 'list', items: items(right).map((each) => ({ ...each, value: work(left.value, each.value) })) }
  const others = new Map(right.items.map((each) => [keyOf(each.labels), each]))
  return {
    type: 'list',
    items: left.items.flatMap((each) => {
      const other = others.get(keyOf(each.labels))
      return other ? [{ ...each, value: work(each.value, other.value), at: newest([each, other]) }] : []
    }),
  }
}

function items(answer: PageAnswer): readonly Sampled[] {
  return answer.type === 'list' ? answer.items : [{ labels: {}, value: answer.value, at: answer.at }]
}

function newest(of: readonly Sampled[]): number | null {
  const times = of.map((each) => each.at).filter((at) => at !== null)
  return times.length === 0 ? null : Math.max(...times)
}

function keyOf(labels: { readonly [name: string]: string }): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}

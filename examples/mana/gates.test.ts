/** Each alert of the guide on a page of metrics as a node shows it: good at the limit, bad just beyond it. */
import { describe, expect, test } from 'vitest'
import { answerQuery, judge, metricFields, readPage, readQuery } from '../../src/metrics/index.ts'
import { z } from 'zod'
import { alertMetrics, baselineQueries, shadowMetrics } from './gates.ts'

/** What a node did in the four seconds between two scrapes; `ms` is where all of its calls lie. */
interface Lived {
  readonly calls: number
  readonly errors: number
  readonly ms: number
  readonly memory: number
  readonly blocks: number
  readonly asked: number
  readonly lost: number
  readonly unequal: number
  readonly mismatched: number
}

const sound: Lived = {
  calls: 1000,
  errors: 0,
  ms: 10,
  memory: 100e6,
  blocks: 100,
  asked: 100,
  lost: 0,
  unequal: 0,
  mismatched: 0,
}

/** In finer steps than the router's own buckets, so that the limit can be hit. */
const bounds = Array.from({ length: 200 }, (_, at) => (at + 1) / 2)

function page(lived: Lived): string {
  const submits = (version: string) => `module="transaction_pool",version="${version}",method="submit"`
  const versions = ['v1', 'v2'].flatMap((version) => [
    `changeover_router_calls_total{${submits(version)}} ${lived.calls / 2}`,
    `changeover_router_errors_total{${submits(version)}} ${lived.errors / 2}`,
    ...bounds.map((bound) => {
      const below = bound >= lived.ms ? lived.calls / 2 : 0
      return `changeover_router_seconds_bucket{${submits(version)},le="${bound / 1000}"} ${below}`
    }),
    `changeover_router_seconds_bucket{${submits(version)},le="+Inf"} ${lived.calls / 2}`,
  ])
  const shadow = (verdict: string, count: number) =>
    `changeover_router_shadow_total{module="transaction_pool",verdict="${verdict}"} ${count}`
  return [
    ...versions,
    `process_resident_memory_bytes ${lived.memory}`,
    `mana_sync_block ${lived.blocks}`,
    `mana_sync_peer_asked_total{outcome="ok"} ${lived.asked - lived.lost}`,
    `mana_sync_peer_asked_total{outcome="failed"} ${lived.lost}`,
    `mana_pool_moves_unequal_total ${lived.unequal}`,
    shadow('matched', 1000 - lived.mismatched),
    shadow('mismatched', lived.mismatched),
  ].join('\n')
}

function measured(query: string, lived: Lived): number | readonly number[] {
  const nothing = { ...sound, calls: 0, blocks: 0, asked: 0, memory: lived.memory }
  const scrapes = [
    { at: 0, series: readPage(page(nothing), false) },
    { at: 4000, series: readPage(page(lived), false) },
  ]
  const answer = answerQuery(readQuery(query), scrapes)
  return answer.type === 'figure' ? answer.value : answer.items.map(({ value }) => value)
}

const rules = z.strictObject(metricFields)

function judged(name: string, metric: { readonly query: string; readonly samples?: string }, lived: Lived) {
  const { query, samples, ...given } = metric as { query: string; samples?: string; unit?: string }
  const { unit: _, ...limits } = given
  const captured = (baselineQueries as { readonly [name: string]: string })[name]
  const base = captured === undefined ? undefined : [measured(captured, sound)].flat()[0]
  return judge(rules.parse(limits), {
    value: measured(query, lived),
    at: 4000,
    now: 4000,
    ...(samples === undefined ? {} : { samples: measured(samples, lived) }),
    ...(base === undefined ? {} : { baseline: base }),
  }).outcome
}

/** The metric, what is still good, and what is not any more. */
const limits: readonly (readonly [keyof ReturnType<typeof alertMetrics>, Partial<Lived>, Partial<Lived>])[] = [
  ['throughput', { calls: 800 }, { calls: 798 }],
  // The median lies in the middle of its bucket of half a millisecond; half above 9.75 ms and 25 ms besides are 39.6 ms.
  ['latency', { ms: 39.5 }, { ms: 40 }],
  ['memory', { memory: 130e6 }, { memory: 130.1e6 }],
  ['errors', { errors: 50 }, { errors: 52 }],
  ['sync speed', { blocks: 75 }, { blocks: 74 }],
  ['chain grows', { blocks: 1 }, { blocks: 0 }],
  ['lost peers', { lost: 50 }, { lost: 51 }],
  ['moves that lost something', { unequal: 0 }, { unequal: 1 }],
]

describe("the guide's alerts", () => {
  test('are all here', () => {
    expect(limits.map(([name]) => name)).toEqual(Object.keys(alertMetrics()))
  })

  test.each(limits)('%s', (name, good, bad) => {
    const metric = alertMetrics()[name]
    expect(judged(name, metric, sound)).toBe('successful')
    expect(judged(name, metric, { ...sound, ...good })).toBe('successful')
    expect(judged(name, metric, { ...sound, ...bad })).toBe('failed')
  })

  test('too few calls of v2 tell nothing', () => {
    expect(judged('errors', alertMetrics().errors, { ...sound, calls: 38, errors: 38 })).toBe('undecided')
    expect(judged('latency', alertMetrics().latency, { ...sound, calls: 38, ms: 90 })).toBe('undecided')
  })

  test('the shadow: one answer in a hundred may differ', () => {
    expect(judged('mismatches', shadowMetrics.mismatches, { ...sound, mismatched: 10 })).toBe('successful')
    expect(judged('mismatches', shadowMetrics.mismatches, { ...sound, mismatched: 11 })).toBe('failed')
  })
})

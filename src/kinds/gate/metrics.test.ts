import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ChangeoverError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { AnyKind, Mark, Target } from '../../core/kind.ts'
import type { Measured, SideCount } from '../../core/ports/index.ts'
import { describeKind, type KindCase } from '../../testing/index.ts'
import { gateMetrics, gateMetricsBaseline, gateTraffic } from './index.ts'

/** What a source answers to a query the n-th time it is asked: a value, or an error. */
type Source = (query: string, nth: number) => number | readonly number[] | Measured | 'gone' | 'refused'

function targetOf<P extends 'metrics' | 'traffic'>(port: object): Target<P> {
  return {
    identity: async () => 'memory',
    observe: async () => ('counts' in port ? { routes: {} } : {}) as never,
    read: port as never,
    write: port as never,
    fence: async () => undefined,
    close: async () => undefined,
  }
}

function metricsOf(source: Source): Target<'metrics'> {
  const asked = new Map<string, number>()
  return targetOf({
    measure: async (query: string): Promise<Measured> => {
      const nth = (asked.get(query) ?? 0) + 1
      asked.set(query, nth)
      const value = source(query, nth)
      if (value === 'gone') throw new ChangeoverError('target.unreachable', 'the source is gone', 'start it')
      if (value === 'refused') throw new ChangeoverError('target.failed', `"${query}" is refused`, 'mend it')
      return typeof value === 'object' && 'value' in value ? value : { value, at: null }
    },
  })
}

function trafficOf(counts: (nth: number) => { readonly [side: string]: SideCount }): Target<'traffic'> {
  let nth = 0
  const shares = { v1: 8333, v2: 1667 }
  return targetOf({ counts: async () => counts((nth += 1)), shares: async () => shares })
}

const caseOf = (
  name: string,
  kind: AnyKind,
  spec: Json,
  targets: () => object,
  more: Partial<KindCase> = {},
): KindCase => ({
  name,
  kind,
  spec,
  world: async () => ({ targets: targets() as never, close: async () => undefined }),
  ...more,
})

const steady = { intervalMs: 1, count: 3 }
const cases = [
  caseOf(
    'two metrics',
    gateMetrics,
    {
      metrics: {
        errors: { query: 'e', successCondition: 'result[0] < 0.05', ...steady },
        memory: { query: 'm', max: 5, ...steady },
      },
    },
    () => ({ metrics: metricsOf(() => [0.01]) }),
  ),
  caseOf(
    'against a baseline',
    gateMetrics,
    { metrics: { latency: { query: 'l', maxIncreasePercent: 50, ...steady } }, baseline: 'before' },
    () => ({ metrics: metricsOf(() => 120) }),
    { recall: { before: { captured: { latency: { figure: 100 } } } } },
  ),
  caseOf(
    'figures and counts',
    gateMetricsBaseline,
    { queries: { a: 'a' }, counts: { c: { failed: 'f', total: 't' } }, count: 3, intervalMs: 1 },
    () => ({
      metrics: metricsOf((query, nth) => (query === 'a' ? nth : query === 't' ? nth * 10 : nth)),
    }),
  ),
  caseOf(
    'a healthy side',
    gateTraffic,
    { route: 'web', side: 'v2', maxErrorRate: 0.05, intervalMs: 1, count: 2, minRequests: 10 },
    () => ({
      proxy: trafficOf((nth) => ({ v1: { requests: nth * 100, failed: 0 }, v2: { requests: nth * 20, failed: 0 } })),
    }),
  ),
]
for (const each of cases) describeKind(each, { describe, it })

interface Given {
  readonly from?: Mark
  readonly recall?: Json
  /** Marks after which to stop looking. */
  readonly most?: number
  /** Filled with the marks, also of a gate that throws. */
  readonly seen?: NonNullable<Mark>[]
}

/** Runs a gate with a clock of its own: time passes only while it sleeps. */
async function run(
  kind: AnyKind,
  spec: unknown,
  on: object,
  { from = null, recall, most = 200, seen = [] }: Given = {},
) {
  const names = Object.keys(kind.roles as object)
  const pick = <T>(value: T) => Object.fromEntries(names.map((name) => [name, value]))
  const draft = kind.plan(kind.spec.parse(spec), {
    facts: pick({ routes: {} }),
    tools: pick({}),
    targets: pick('prom'),
  })
  let now = 1_000_000
  const clock = {
    now: () => now,
    sleep: async (ms: number, signal: AbortSignal) => {
      await setImmediate()
      if (!signal.aborted) now += ms
    },
  }
  const context = { on, clock, signal: new AbortController().signal, recall: () => recall, applied: null, step: 's' }
  const marks = seen
  for await (const mark of kind.apply(draft.work, context as never, from)) {
    marks.push(mark!)
    if (marks.length >= most) break
  }
  const applied = marks.at(-1)
  const findings = (await kind.verify?.(draft.work, { ...context, applied } as never)) ?? []
  return { marks, seconds: (now - 1_000_000) / 1000, last: applied, findings }
}

const one = (source: Source, rules: object, given: Given & { baseline?: string; undecidedMs?: number } = {}) => {
  const { baseline, undecidedMs, ...more } = given
  const spec = {
    metrics: { x: { query: 'q', ...rules } },
    ...(baseline ? { baseline } : {}),
    ...(undecidedMs ? { undecidedMs } : {}),
  }
  return run(gateMetrics, spec, { metrics: metricsOf(source).read }, more)
}

const site = { facts: { metrics: {} }, tools: { metrics: { language: '' } }, targets: { metrics: 'prom' } }

describe('gate.metrics', () => {
  const condition = { successCondition: 'result[0] < 0.05', intervalMs: 1000, count: 5 }

  it('passes with what it measured, and says so of each metric', async () => {
    const { last, seconds } = await one(() => [0.01], condition)
    expect(last).toMatchObject({
      note: 'x 0.01 good',
      done: 5,
      of: 5,
      at: {
        judged: [
          {
            name: 'x',
            met: 'yes',
            why: 'x 0.01: 5 of 5 measurements good',
            wanted: 'result[0] < 0.05',
            measured: '0.01',
          },
        ],
      },
    })
    expect(seconds).toBeCloseTo(4, 0)
    const findings = await gateMetrics.verify?.({ source: 'prom' } as never, { applied: last } as never)
    expect(findings?.map((each) => each.message)).toEqual(['metrics of "prom": x 0.01: 5 of 5 measurements good'])
  })

  it('fails on one failure more than the limit, at once', async () => {
    const third = (_: string, nth: number) => [nth <= 3 ? 0.2 : 0]
    expect((await one(third, { ...condition, count: 9, failureLimit: 3 })).last?.at).toHaveProperty('judged')
    const fourth = (_: string, nth: number) => [nth <= 4 ? 0.2 : 0]
    await expect(one(fourth, { ...condition, count: 9, failureLimit: 3 })).rejects.toMatchObject({
      code: 'gate.failed',
      message: 'metrics of "prom": "x": 4 of 4 measurements failed, at most 3 may: 0.2: result[0] < 0.05 does not hold',
    })
  })

  it('holds while a metric does not appear, says so, and passes when it does', async () => {
    const { last, marks } = await one(() => [], condition, { most: 20 })
    expect(
      marks.every(
        (mark) =>
          mark.note === 'x: held, it cannot tell: column 1: the answer is empty' || mark.note?.startsWith('x: held'),
      ),
    ).toBe(true)
    expect(last?.note).toBe('x: held, it cannot tell: the answer is empty: there is no such series')
    const late = await one((_, nth) => (nth <= 10 ? [] : [0.01]), condition)
    expect(late.last?.at).toHaveProperty('judged')
    await expect(one(() => [], condition, { undecidedMs: 30_000 })).rejects.toMatchObject({
      message: expect.stringContaining('"x" is undecided for 30000 ms: '),
    })
  })

  it('judges the fields of what a source answers, where it is one that has them', async () => {
    const json = (ready: boolean) => () => ({ value: { ready, pool: { free: 7 } }, at: 0 })
    const fields = { ...condition, successCondition: 'result.ready && result.pool.free > 5' }
    expect((await one(json(true), fields)).last).toMatchObject({ note: 'x {ready, pool} good', done: 5 })
    await expect(one(json(false), fields)).rejects.toMatchObject({
      code: 'gate.failed',
      message: 'metrics of "prom": "x": {ready, pool}: result.ready && result.pool.free > 5 does not hold',
    })
    await expect(one(json(true), { max: 5, errorRetryMs: 1 })).rejects.toMatchObject({
      message: expect.stringContaining('a limit is for one figure, the answer is {ready, pool}'),
    })
    const spec = gateMetrics.spec.parse({ metrics: { x: { query: 'q', ...fields } } })
    const ofJson = { ...site, tools: { metrics: { language: '', json: true as const } } }
    expect(gateMetrics.plan(spec, ofJson).findings).toEqual([])
    expect(gateMetrics.plan(spec, site).findings).toEqual([
      {
        level: 'block',
        code: 'gate.misfit',
        message:
          'successCondition of metric "x" cannot be asked of "prom", which answers numbers: column 1: an answer is a number or a list of them: it has no fields',
        help: 'change successCondition, or take a target of adapter command-metrics',
      },
    ])
  })

  it('holds on NaN, on old figures and on few samples', async () => {
    const held = async (source: Source, rules: object) => (await one(source, rules, { most: 3 })).last?.note
    expect(await held(() => [NaN], condition)).toContain('the value is NaN')
    expect(await held(() => ({ value: [0], at: 0 }), { ...condition, maxStalenessMs: 10 })).toContain('ms old')
    expect(await held((query) => [query === 'n' ? 99 : 0], { ...condition, samples: 'n', minSamples: 100 })).toContain(
      'it rests on 99 samples',
    )
  })

  it('fails when its source is gone for longer than the limit, and outlives a shorter time', async () => {
    const gone = (from: number, to: number) => (_: string, nth: number) =>
      nth >= from && nth < to ? ('gone' as const) : [0]
    expect((await one(gone(2, 6), { ...condition, errorRetryMs: 100 })).last?.at).toHaveProperty('judged')
    await expect(one(gone(2, 99), { ...condition, errorRetryMs: 100 })).rejects.toMatchObject({
      code: 'gate.failed',
      message: 'metrics of "prom": "x" could not be measured 5 times in a row: the source is gone',
    })
    const { last } = await one(gone(2, 99), { ...condition, consecutiveErrorLimit: -1 }, { most: 10 })
    expect(last?.note).toBe('x: cannot be measured: the source is gone')
    await expect(one(() => 'refused', condition)).rejects.toMatchObject({
      message: expect.stringContaining('"q" is refused'),
    })
  })

  const both = { ...condition, failureCondition: 'result[0] > 0.5', failureLimit: 1 }

  it('is held for a person by inconclusive measurements, and measures again when they resume', async () => {
    const seen: NonNullable<Mark>[] = []
    const held = one(() => [0.1], both, { seen })
    await expect(held).rejects.toMatchObject({
      code: 'gate.undecided',
      message:
        'metrics of "prom": neither good nor bad: "x": 1 of 1 measurements are inconclusive, at most 0 may: 0.1: result[0] < 0.05 does not hold, nor does result[0] > 0.5',
      help: expect.stringMatching('`changeover resume` measures again, or `changeover rollback` turns back'),
    })
    const { last } = await one(() => [0], both, { from: seen.at(-1)! })
    expect(last).toMatchObject({ done: 5, of: 5 })
    await expect(one(() => [0.1], { ...both, inconclusiveLimit: 2 })).rejects.toMatchObject({
      message: expect.stringContaining('3 of 3 measurements are inconclusive, at most 2 may'),
    })
  })

  it('is held for a person where a count ends without the successes in a row', async () => {
    const rules = { ...condition, count: 4, consecutiveSuccessLimit: 3, failureLimit: 3 }
    await expect(one((_, nth) => [nth % 2], rules)).rejects.toMatchObject({
      code: 'gate.undecided',
      message: expect.stringContaining('"x" had 1 successes in a row, 3 are needed'),
    })
  })

  it('measures anew by itself for as long as undecidedMs says, does not forget failures, and then fails', async () => {
    const patient = { undecidedMs: 30_000 }
    const { last } = await one((_, nth) => [nth < 8 ? 0.1 : 0], both, patient)
    expect(last?.at).toHaveProperty('judged')
    const rarely = (_: string, nth: number) => [nth === 2 || nth === 5 ? 0.9 : 0.1]
    await expect(one(rarely, both, patient)).rejects.toMatchObject({
      code: 'gate.failed',
      message: expect.stringContaining('at most 1 may'),
    })
    await expect(one(() => [0.1], both, patient)).rejects.toMatchObject({
      code: 'gate.failed',
      message: expect.stringContaining('"x" is undecided for 30000 ms: 0.1: '),
    })
  })

  it('shows an advisory metric, which never decides', async () => {
    const spec = {
      metrics: { x: { query: 'x', max: 5 }, dry: { query: 'dry', max: 5, advisory: true, intervalMs: 10, count: 3 } },
    }
    const { last } = await run(gateMetrics, spec, { metrics: metricsOf((query) => (query === 'dry' ? 9 : 1)).read })
    expect((last!.at as { judged: Json }).judged).toMatchObject([
      { name: 'x', met: 'yes' },
      { name: 'dry (dry run)', met: 'no' },
    ])
    const findings = await gateMetrics.verify?.({ source: 'prom' } as never, { applied: last } as never)
    expect(findings?.map((each) => each.code)).toEqual(['gate.measured', 'gate.missed'])
  })

  it('measures each metric at its own pace', async () => {
    const seen: string[] = []
    const source: Source = (query) => (seen.push(query), 1)
    const spec = {
      metrics: {
        fast: { query: 'f', max: 5, intervalMs: 100, count: 20 },
        slow: { query: 's', max: 5, intervalMs: 1000, count: 2, initialDelayMs: 500 },
      },
    }
    const { seconds } = await run(gateMetrics, spec, { metrics: metricsOf(source).read })
    expect([seen.filter((each) => each === 'f').length, seen.filter((each) => each === 's').length]).toEqual([20, 2])
    expect(seconds).toBeLessThan(3)
  })

  it('compares with a baseline, and refuses to without one', async () => {
    const rules = { maxIncreasePercent: 50, unit: 'ms' }
    const recall = { captured: { x: { figure: 100 } } }
    expect((await one(() => 149, rules, { baseline: 'b', recall })).last?.note).toBe('x 149 ms good')
    await expect(one(() => 151, rules, { baseline: 'b', recall })).rejects.toMatchObject({
      message: 'metrics of "prom": "x": it is 151, at most 150 (50 % above the baseline of 100) is asked',
    })
    await expect(one(() => 1, rules, { baseline: 'b' })).rejects.toMatchObject({
      message: 'step "b" left no baseline to compare with',
    })
    await expect(one(() => 1, rules, { baseline: 'b', recall: { captured: {} } })).rejects.toMatchObject({
      message: 'the baseline of step "b" has no figure of "x"',
    })
  })

  it('counts events a minute', async () => {
    const rules = { maxPerMinute: 10, intervalMs: 1000, count: 3 }
    const { last, seconds } = await one((_, nth) => Math.floor(nth / 10), rules)
    expect(last?.at).toHaveProperty('judged')
    expect(seconds).toBeGreaterThanOrEqual(60)
    await expect(one((_, nth) => nth, rules)).rejects.toMatchObject({
      message: expect.stringContaining('at most 10 a minute is asked'),
    })
  })

  it('finds the side that fails more often, by a test that may look at any time', async () => {
    const rules = {
      query: undefined,
      intervalMs: 1000,
      test: { failed: 'nf', total: 'nt', against: { failed: 'of', total: 'ot' }, enough: 2000 },
    }
    const side =
      (fresh: number): Source =>
      (query, nth) =>
        nth * 100 * (query === 'nf' ? fresh : query === 'of' ? 0.02 : 1)
    const good = await one(side(0.02), rules)
    expect(good.last?.note).toBe('x 2 % of 2000 against 2 % of 2000 good')
    await expect(one(side(0.1), rules)).rejects.toMatchObject({
      message: expect.stringMatching(/10 % of \d+ against 2 % of \d+ failed/),
    })
    expect((await one((query) => (query === 'nt' ? [] : 1), rules, { most: 3 })).last?.note).toContain(
      '"nt" answers no single figure',
    )
    const alone = { ...rules, test: { failed: 'nf', total: 'nt', enough: 2000 } }
    const recall = { captured: { x: { counts: { total: 5000, failed: 100 } } } }
    expect((await one(side(0.02), alone, { baseline: 'b', recall })).last?.at).toHaveProperty('judged')
    await expect(one(side(0.1), alone, { baseline: 'b', recall })).rejects.toMatchObject({ code: 'gate.failed' })
  })

  it('goes on from its mark, and samples anew after it failed', async () => {
    const first = await one(() => [0.01], condition, { most: 1 })
    const { last } = await one(() => [0.01], condition, { from: first.last! })
    expect(last).toMatchObject({ done: 5 })
    expect((await one(() => [9], condition, { from: last! })).marks).toEqual([])
  })

  it.each([
    [{ metrics: {} }, 'name at least one metric'],
    [{ metrics: { x: { query: 'q' } } }, 'a gate without a condition can never fail'],
    [{ metrics: { x: { max: 1 } } }, 'give either query or test'],
    [{ metrics: { x: { query: 'q', successCondition: 'result <' } } }, 'the condition cannot be read: column 9'],
    [{ metrics: { x: { query: 'q', maxIncreasePercent: 5 } } }, 'need the step of the baseline'],
    [{ metrics: { x: { query: 'q', max: 5, minSamples: 5 } } }, 'minSamples and samples are given together'],
    [{ metrics: { x: { query: 'q', max: 5, count: 3 } } }, 'a count above 1 needs intervalMs'],
    [{ metrics: { x: { query: 'q', max: 5, failureLimit: -1 } } }, 'it can never fail'],
    [{ metrics: { x: { query: 'q', max: 5, failureLimit: 1 } } }, 'of 1 at most 1 can fail, and 1 may'],
    [{ metrics: { x: { query: 'q', max: 5, count: 3, intervalMs: 1, failureLimit: 3 } } }, 'it can never fail'],
    [{ metrics: { x: { query: 'q', successCondition: 'true' } } }, 'it is true whatever is measured'],
    [{ metrics: { x: { query: 'q', successCondition: 'result >= 0 || true' } } }, 'it is true whatever is measured'],
    [{ metrics: { x: { query: 'q', failureCondition: '1 > 2' } } }, 'it is false whatever is measured'],
    [{ metrics: { x: { query: 'q', max: 5, samples: 's', minSamples: 0 } } }, 'expected number to be >=1'],
    [
      { metrics: { x: { test: { failed: 'a', total: 'b', enough: 5 }, intervalMs: 5 } } },
      'give test.against, or the step of the baseline',
    ],
  ])('refuses %j', (spec, why) => {
    const read = gateMetrics.spec.safeParse(spec)
    expect(read.error?.issues.map((each) => each.message).join()).toContain(why)
  })

  it('names the field that is to be changed', () => {
    const read = gateMetrics.spec.safeParse({ metrics: { x: { query: 'q', max: 5, count: 3 } } })
    expect(read.error?.issues.map((each) => each.path)).toEqual([['metrics', 'x', 'intervalMs']])
  })

  it('says that dry runs alone never fail, and that a count of inconclusive ones passes', () => {
    const codes = (metrics: object) =>
      gateMetrics.plan(gateMetrics.spec.parse({ metrics }), site).findings?.map((each) => [each.level, each.code])
    expect(codes({ x: { query: 'q', max: 5, advisory: true } })).toEqual([['risk', 'gate.cannot-fail']])
    const both = { query: 'q', successCondition: 'result < 1', failureCondition: 'result > 2', intervalMs: 1, count: 3 }
    expect(codes({ x: { ...both, inconclusiveLimit: 3 } })).toEqual([['risk', 'gate.passes-inconclusive']])
    expect(codes({ x: { ...both, inconclusiveLimit: -1 } })).toEqual([['risk', 'gate.passes-inconclusive']])
    expect(codes({ x: { ...both, inconclusiveLimit: 2 } })).toEqual([])
  })

  it('says that endless metrics alone never pass', () => {
    const spec = gateMetrics.spec.parse({ metrics: { x: { query: 'q', max: 5, intervalMs: 5 } } })
    const draft = gateMetrics.plan(spec, site)
    expect(gateMetrics.plan(spec, { ...site, guard: true }).findings).toEqual([])
    expect(draft.findings?.map((each) => each.code)).toEqual(['gate.endless'])
    expect(draft.preview).toEqual(['judge metrics of "prom":', '"x" without end every 5 ms: at most 5', '  q'])
  })
})

describe('a first look, before the run,', () => {
  const look = async (kind: AnyKind, given: object, source: Source) => {
    const { work } = kind.plan(kind.spec.parse(given), site as never)
    const findings = (await kind.check?.(work, { on: { metrics: metricsOf(source).read } } as never)) ?? []
    return findings.map(({ level, code, message }) => [level, code, message])
  }
  const plain = { query: 'q', successCondition: 'result > 1' }

  it('says what came of each query', async () => {
    const metrics = {
      rate: { ...plain, samples: 's', minSamples: 5 },
      list: { query: 'list', successCondition: 'all(result, # > 1)' },
      none: { query: 'none', max: 1 },
      sides: { test: { failed: 'f', total: 't', enough: 5, against: { failed: 'of', total: 'ot' } }, intervalMs: 1 },
    }
    const answers: { readonly [query: string]: number | number[] } = { q: 0.5, s: [7], list: [1, 2, 3], none: [] }
    expect(await look(gateMetrics, { metrics }, (query) => answers[query] ?? 9)).toEqual([
      [
        'note',
        'gate.looked',
        '"prom" was asked once: "rate" a number, 0.5; "s" of "rate" a list of one, 7; "list" a list of 3, [1, 2, 3]; "none" an empty list: there is no such series now; "f" of "sides" a number, 9; "t" of "sides" a number, 9; "of" of "sides" a number, 9; "ot" of "sides" a number, 9',
      ],
    ])
  })

  it('says which condition cannot judge what came, and what to write', async () => {
    const found = await look(gateMetrics, { metrics: { x: plain } }, () => [3])
    expect(found.slice(1)).toEqual([
      [
        'risk',
        'gate.misfit',
        '"x" answers a list of one, 3, which its successCondition "result > 1" cannot judge: column 1: a list of 1 is no number: say result[0]',
      ],
    ])
    const [, scalar] = await look(
      gateMetrics,
      { metrics: { x: { ...plain, successCondition: 'result[0] > 1' } } },
      () => 3,
    )
    expect(scalar?.[2]).toContain('the answer is one number: say result, not result[0]')
  })

  it('says which query is not answered, and judges nothing', async () => {
    const gone: Source = (query) => (query === 'q' ? 'gone' : 9)
    expect(await look(gateMetrics, { metrics: { x: plain, y: { query: 'y', max: 1 } } }, gone)).toEqual([
      ['note', 'gate.looked', '"prom" was asked once: "y" a number, 9'],
      ['risk', 'gate.no-answer', '"prom" does not answer "q" of metric "x": the source is gone'],
    ])
    const baseline = { queries: { a: 'a' }, counts: { c: { failed: 'q', total: 't' } } }
    expect(await look(gateMetricsBaseline, baseline, gone)).toEqual([
      ['note', 'gate.looked', '"prom" was asked once: "a" a number, 9; "t" of "c" a number, 9'],
      ['risk', 'gate.no-answer', '"prom" does not answer "q" of metric "c": the source is gone'],
    ])
  })
})

describe('gate.metrics-baseline', () => {
  const spec = { queries: { a: 'a' }, counts: { c: { failed: 'f', total: 't' } }, count: 5, intervalMs: 1 }
  it('captures medians and growth', async () => {
    const source: Source = (query, nth) =>
      query === 'a' ? [5, 1, 9, 2, 3][nth - 1]! : query === 't' ? nth * 100 : nth * 2
    const { last } = await run(gateMetricsBaseline, spec, { metrics: metricsOf(source).read })
    expect(last?.at).toMatchObject({
      captured: { a: { figure: 3, least: 1, most: 9 }, c: { counts: { total: 400, failed: 8 } } },
    })
    expect((await run(gateMetricsBaseline, spec, { metrics: metricsOf(source).read }, { from: last! })).marks).toEqual(
      [],
    )
  })

  it('captures figures that are called as words of the language, and compares with them', async () => {
    const named = {
      queries: { constructor: 'a' },
      counts: { toString: { failed: 'f', total: 't' } },
      count: 2,
      intervalMs: 1,
    }
    const { last } = await run(gateMetricsBaseline, named, { metrics: metricsOf((_, nth) => nth).read })
    expect(last?.at).toMatchObject({ captured: { constructor: { figure: 1.5 }, toString: { counts: { total: 1 } } } })
    const limit = { metrics: { constructor: { query: 'a', maxIncreasePercent: 50 } }, baseline: 'base' }
    const good = await run(gateMetrics, limit, { metrics: metricsOf(() => 2).read }, { recall: last!.at! })
    expect(good.last?.at).toHaveProperty('judged')
    await expect(
      run(
        gateMetrics,
        { ...limit, metrics: { toString: limit.metrics.constructor } },
        { metrics: metricsOf(() => 2).read },
        { recall: { captured: {} } },
      ),
    ).rejects.toMatchObject({ message: expect.stringContaining('has no figure of "toString"') })
  })

  it('captures nothing from a source that does not answer', async () => {
    const empty = run(
      gateMetricsBaseline,
      { queries: { a: 'a' }, intervalMs: 1 },
      { metrics: metricsOf(() => []).read },
    )
    await expect(empty).rejects.toMatchObject({
      code: 'gate.failed',
      message: 'no baseline could be captured from "prom": "a" answers 0 figures, one number is needed',
    })
    const late = (answers: number) => metricsOf((_, nth) => (nth <= answers ? 5 : nth <= answers + 4 ? 'gone' : 7)).read
    const slow = { queries: { a: 'a' }, count: 3, intervalMs: 1 }
    // Killed after four looks in vain: the next process has all of its five, and what was measured is kept.
    const killed = await run(gateMetricsBaseline, slow, { metrics: late(1) }, { most: 5 })
    expect(killed.last?.at).toMatchObject({ state: { rounds: 1, failures: 4 } })
    const resumed = await run(gateMetricsBaseline, slow, { metrics: late(0) }, { from: killed.last! })
    expect(resumed.last?.at).toMatchObject({ captured: { a: { figure: 7, least: 5 } } })
    const rare: Source = (_, nth) => (nth % 3 === 0 ? 7 : 'gone')
    const { last } = await run(
      gateMetricsBaseline,
      { queries: { a: 'a' }, intervalMs: 1 },
      { metrics: metricsOf(rare).read },
    )
    expect(last?.at).toMatchObject({ captured: { a: { figure: 7 } } })
  })
})

describe('gate.traffic', () => {
  const side = (spec: object, counts: (nth: number) => { readonly [side: string]: SideCount }, given: Given = {}) =>
    run(
      gateTraffic,
      { route: 'web', side: 'v2', intervalMs: 1000, count: 3, ...spec },
      { proxy: trafficOf(counts).read },
      given,
    )
  const at =
    (rate: number, each = 200) =>
    (nth: number) => ({
      v1: { requests: nth * 1000, failed: nth * 10 },
      v2: { requests: nth * each, failed: Math.round(nth * each * rate) },
    })

  it('judges differences, on enough requests', async () => {
    expect((await side({ maxErrorRate: 0.05 }, at(0.01))).last?.note).toBe('v2 1 % of 200 failed, 200 a second good')
    await expect(side({ maxErrorRate: 0.05 }, at(0.06))).rejects.toMatchObject({
      message: 'side "v2" of route "web" on "prom": "v2": 6 % of 200 failed, 200 a second; at most 5 % may fail',
    })
    const few = await side({ maxErrorRate: 0.05 }, at(0.01, 30))
    expect(few.last?.note).toBe('v2 0.8333 % of 120 failed, 30 a second good')
    expect((await side({ maxErrorRate: 0.05 }, at(0, 0), { most: 3 })).last?.note).toContain(
      '0 requests since the last judgement',
    )
  })

  it('judges throughput, and against another side', async () => {
    await expect(side({ minPerSecond: 500 }, at(0))).rejects.toMatchObject({
      message: expect.stringContaining('at least 500 a second'),
    })
    expect((await side({ against: 'v1' }, at(0.01))).last?.at).toHaveProperty('judged')
    await expect(side({ against: 'v1', count: 20 }, at(0.05))).rejects.toMatchObject({
      message: expect.stringContaining('by chance with'),
    })
    await expect(side({ against: 'v9', consecutiveErrorLimit: 0 }, at(0))).rejects.toMatchObject({
      message: expect.stringContaining('route "web" has no side "v9"'),
    })
  })

  it.each([
    [{ failureLimit: 3 }, 'failureLimit', 'it can never fail; give at most 2'],
    [{ failureLimit: -1 }, 'failureLimit', 'with failureLimit -1 it can never fail'],
    [{ consecutiveSuccessLimit: 4 }, 'consecutiveSuccessLimit', '4 successes in a row never come in a count of 3'],
    [{ maxErrorRate: 1 }, 'maxErrorRate', '<1'],
    [{ minPerSecond: 0 }, 'minPerSecond', '>0'],
  ])('refuses limits that nothing could pass: %j', (spec, field, message) => {
    const read = gateTraffic.spec.safeParse({ route: 'web', side: 'v2', count: 3, maxErrorRate: 0.05, ...spec })
    expect(read.error?.issues.map((issue) => [issue.path, issue.message])).toEqual([
      [[field], expect.stringContaining(message) as string],
    ])
  })

  it('says that the requests are not shared as was told, or fails of it', async () => {
    const even = (nth: number) => ({
      v1: { requests: nth * 200, failed: 0 },
      v2: { requests: nth * 200, failed: 0 },
    })
    const { findings } = await side({ maxErrorRate: 0.05 }, even)
    expect(findings.map(({ code, level }) => [code, level])).toEqual([
      ['gate.measured', 'note'],
      ['traffic.split-mismatch', 'risk'],
    ])
    expect(findings[1]!.message).toContain(
      'route "web" of "prom" is not shared as it was told: of 1200 requests "v1" got 50 %, its share is 83.33 %; "v2" got 50 %, its share is 16.67 %: by chance with ',
    )
    expect((await side({ maxErrorRate: 0.05, split: 'off' }, even)).findings).toHaveLength(1)
    await expect(side({ maxErrorRate: 0.05, split: 'fail' }, even)).rejects.toMatchObject({
      code: 'gate.failed',
      message: expect.stringContaining('"v2" got 50 %, its share is 16.67 %'),
    })
    expect((await side({ maxErrorRate: 0.05, split: 'fail' }, at(0.01))).findings).toHaveLength(1)
  })

  it('passes on no requests in no case; a side that gets none of what it was promised fails where that is asked', async () => {
    const none = () => ({ v1: { requests: 0, failed: 0 }, v2: { requests: 0, failed: 0 } })
    for (const split of ['off', 'risk', 'fail'] as const) {
      const { last, marks } = await side({ maxErrorRate: 0.05, split }, none, { most: 20 })
      expect([split, last?.at]).toEqual([split, expect.not.objectContaining({ judged: expect.anything() as unknown })])
      expect([marks.length, last?.note]).toEqual([20, expect.stringContaining('0 requests since the last judgement')])
    }
    const passedBy = (nth: number) => ({ v1: { requests: nth * 500, failed: 0 }, v2: { requests: 0, failed: 0 } })
    await expect(side({ maxErrorRate: 0.05, split: 'fail' }, passedBy, { most: 20 })).rejects.toMatchObject({
      code: 'gate.failed',
      message: expect.stringContaining('"v2" got 0 %, its share is 16.67 %'),
    })
    expect((await side({ maxErrorRate: 0.05 }, passedBy, { most: 20 })).last?.note).toContain('100 are needed')
  })

  it('outlives a proxy that begins to count anew', async () => {
    const counts = (nth: number) => ({ v2: { requests: (nth > 2 ? nth - 2 : nth) * 200, failed: 0 } })
    expect((await side({ maxErrorRate: 0.05 }, counts)).last?.at).toHaveProperty('judged')
  })
})

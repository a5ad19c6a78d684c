import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryHttp, type MemoryAnswer, memoryService } from '../../adapters/memory/index.ts'
import { postgres } from '../../adapters/postgres/index.ts'
import type { Json } from '../../core/json.ts'
import type { AnyKind, Mark } from '../../core/kind.ts'
import {
  databaseTemplate,
  describeKind,
  type KindCase,
  type PostgresServer,
  postgresSources,
  startPostgres,
} from '../../testing/index.ts'
import { gateBaseline, gateConfirm, gateHealth, gateProbe, gateQuery, gateSoak } from './index.ts'
import { nothing } from './tally.ts'

const up = (): MemoryAnswer => ({ status: 200, body: { status: 'ok' }, ms: 10 })
const quick = { count: 3, intervalMs: 1 }

function caseOf(
  name: string,
  kind: AnyKind,
  spec: Json,
  targets: () => object,
  more: Partial<KindCase> = {},
): KindCase {
  return {
    name,
    kind,
    spec,
    world: async () => ({ targets: targets() as never, close: async () => undefined }),
    ...more,
  }
}

const api = () => ({ api: memoryHttp(up) })
const figures = {
  samples: 3,
  failed: 0,
  availability: 1,
  errorRate: 0,
  p50Ms: 10,
  p95Ms: 10,
  p99Ms: 10,
  throughput: 100,
}
const cases = [
  caseOf('a healthy API', gateProbe, { path: '/health', ...quick, success: { status: '2xx' } }, api),
  caseOf(
    'against a baseline',
    gateProbe,
    { path: '/x', ...quick, overall: { p95Ms: { maxIncrease: 0.1 } }, baseline: 'before' },
    api,
    {
      recall: { before: { figures, concurrency: 1 } },
    },
  ),
  caseOf('an API', gateBaseline, { path: '/x', count: 3, concurrency: 2 }, api),
  caseOf('a healthy service', gateHealth, quick, () => ({ service: memoryService({ state: 'running' }) })),
  caseOf('a short time', gateSoak, { forMs: 3 }, () => ({})),
  caseOf('a list', gateConfirm, { items: ['told'] }, () => ({}), { approval: { by: 'ann', note: 'yes' } }),
]
for (const each of cases) describeKind(each, { describe, it })

const sources = postgresSources()
for (const [source, why] of Object.entries(sources.missing)) console.warn(`skipped: PostgreSQL "${source}": ${why}`)
describe.each(sources.found)('gate.query on the %s server', (source) => {
  let server: PostgresServer
  let make: () => Promise<{ readonly url: string; drop(): Promise<void> }>
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off' } })
    make = await databaseTemplate(server, 'CREATE TABLE jobs AS SELECT 1::bigint AS n')
  })
  afterAll(() => server?.stop())
  const world = async () => {
    const made = await make()
    const database = await postgres.open(
      { url: made.url },
      { run: 'case', fence: 1, base: '/', signal: new AbortController().signal },
    )
    return {
      targets: { database },
      close: async () => {
        await database.close()
        await made.drop()
      },
    }
  }
  const spec = { query: 'SELECT count(*) AS open FROM jobs', ...quick, success: [{ at: '/0/open', max: 1 }] }
  // Each point of death takes a database of its own: some of them will do.
  describeKind({ name: 'a count', kind: gateQuery, spec, world, most: 6 }, { describe, it })

  it('cannot write', async () => {
    const { targets, close } = await world()
    const writes = {
      query: 'DELETE FROM jobs RETURNING n',
      ...quick,
      consecutiveErrorLimit: 1,
      success: [{ exists: true }],
    }
    await expect(run(gateQuery, writes, { database: targets.database.read })).rejects.toMatchObject({
      code: 'gate.failed',
      message: expect.stringContaining('2 samples in a row could not be taken'),
    })
    expect(await targets.database.read.rows('SELECT n FROM jobs')).toEqual([{ n: 1n }])
    await close()
  })
})

/** Runs a gate with a clock of its own. */
async function run(
  kind: AnyKind,
  given: Json,
  on: object,
  more: { from?: Mark; recall?: Json; approval?: object; tick?: number } = {},
) {
  const names = Object.keys(kind.roles as object)
  const pick = <T>(value: T) => Object.fromEntries(names.map((name) => [name, value]))
  const { work } = kind.plan(kind.spec.parse(given), { facts: pick({}), tools: pick({}), targets: pick('v4') }) as {
    work: Json
  }
  let now = 0
  const clock = { now: () => (now += more.tick ?? 0), sleep: async (ms: number) => void (now += ms) }
  const context = {
    on,
    clock,
    signal: new AbortController().signal,
    recall: () => more.recall,
    approval: more.approval,
    step: 'go-live',
    applied: null,
  }
  const marks: Mark[] = []
  for await (const mark of kind.apply(work, context as never, more.from ?? null)) {
    marks.push(mark)
    if (marks.length > 50) break
  }
  return marks
}

/** An API that answers what the pattern says, over and over: "." good, "x" bad, "-" down, "?" without figures. */
function pattern(text: string, ms = 10) {
  return memoryHttp((_, count) => {
    const sign = text[(count - 1) % text.length]
    if (sign === '-') return 'down'
    return { status: sign === 'x' ? 500 : 200, body: sign === '?' ? {} : { rate: 1 }, ms }
  })
}

const probe = (text: string, given: object, more = {}) =>
  run(gateProbe, { path: '/x', intervalMs: 1, success: { status: '2xx' }, ...given }, { api: pattern(text).read }, more)

describe('gate.probe counts as an Argo AnalysisRun does', () => {
  it.each([
    ['passes with as many failures as are allowed', '.x.x.', { count: 5, failureLimit: 2 }, true],
    ['fails with one more', '.x.xx', { count: 5, failureLimit: 2 }, false],
    ['fails with none allowed', '....x', { count: 5 }, false],
    ['takes no answer for a failure', '..-..', { count: 5 }, false],
    ['ends with good ones in a row', 'x...', { count: 9, failureLimit: 1, consecutiveSuccessLimit: 3 }, true],
  ])('%s', async (_, text, given, passes) => {
    const result = probe(text, given)
    if (passes) expect((await result).at(-1)?.at).toHaveProperty('figures')
    else await expect(result).rejects.toMatchObject({ code: 'gate.failed' })
  })

  it('fails at once, not at the end', async () => {
    const seen = pattern('x')
    await expect(
      run(gateProbe, { path: '/x', intervalMs: 1, count: 100, success: { status: 200 } }, { api: seen.read }),
    ).rejects.toMatchObject({
      message: 'GET "/x" of "v4": 1 of 1 samples failed, at most 0 may: it answered 500',
    })
    expect(seen.requests.length).toBe(1)
  })

  it('lets a failure win over a success, and neither be no answer', async () => {
    const both = { count: 1, success: { status: 200 }, failure: { body: [{ at: '/rate', equals: 1 }] } }
    await expect(probe('.', both)).rejects.toMatchObject({
      message: expect.stringContaining('the failure condition holds'),
    })
    const neither = { count: 1, success: { status: 201 }, failure: { status: 500 }, undecidedMs: 5 }
    await expect(probe('.', neither)).rejects.toMatchObject({
      message: expect.stringContaining(
        'undecided for 5 ms: 1 of 1 samples are inconclusive, at most 0 may: it answered 200',
      ),
    })
  })
})

describe('a gate that finds neither good nor bad', () => {
  const neither = { count: 3, success: { status: 201 }, failure: { status: 500 }, inconclusiveLimit: 1 }

  it('is held for a person', async () => {
    await expect(probe('.', neither)).rejects.toMatchObject({
      code: 'gate.undecided',
      message:
        'GET "/x" of "v4": neither good nor bad: 2 of 2 samples are inconclusive, at most 1 may: it answered 200',
      help: expect.stringContaining('`changeover resume` measures again'),
    })
  })

  it('is one whose good ones in a row do not come', async () => {
    const flaky = probe('.x', { count: 4, failureLimit: 4, consecutiveSuccessLimit: 2 })
    await expect(flaky).rejects.toMatchObject({
      code: 'gate.undecided',
      message: expect.stringContaining('0 good samples in a row, 2 are needed'),
    })
  })
})

describe('a gate that cannot tell', () => {
  const blind = { count: 2, success: { body: [{ at: '/rate', max: 2 }] } }

  it('holds and never passes', async () => {
    const marks = await probe('?', blind)
    expect(marks.length).toBe(51)
    expect(marks[0]?.note).toBe('held, it cannot tell: "/rate" is missing, which is no number')
  })

  it('passes once it can', async () => {
    const marks = await probe('??..', blind)
    expect(marks.map((mark) => mark?.note?.split(':')[0])).toEqual([
      'held, it cannot tell',
      'held, it cannot tell',
      '2 samples, 100 % good, p50 10 ms, p95 10 ms, 100 a second',
    ])
  })

  it('does not forget failures when it begins again', async () => {
    await expect(
      probe('x?x', { ...blind, failureLimit: 1, success: { status: 200, body: [{ at: '/rate', max: 2 }] } }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('2 of 2 samples failed, at most 1 may'),
    })
  })

  it('is one whose precondition is not met', async () => {
    const marks = await probe('?', { count: 1, requires: { body: [{ at: '/requests', min: 100 }] } })
    expect(marks[0]?.note).toContain('"/requests" is missing')
  })
})

describe('figures of all samples', () => {
  const many = (text: string, overall: Json, more = {}) =>
    probe(text, { count: 1000, intervalMs: 0, concurrency: 10, overall, ...more })
  const line = (bad: number) => `${'x'.repeat(bad)}${'.'.repeat(1000 - bad)}`

  it('hold availability to its share, and fail as soon as it is lost', async () => {
    await many(line(1), { availability: { min: 0.999 } })
    await expect(many(line(2), { availability: { min: 0.999 } })).rejects.toMatchObject({
      message: expect.stringContaining('2 of 10 samples failed, at most 1 may'),
    })
    await many(line(1), { errorRate: { max: 0.001 } })
  })

  it('compare with a baseline', async () => {
    const slower = (ms: number, overall: Json) =>
      run(
        gateProbe,
        { path: '/x', count: 100, intervalMs: 0, concurrency: 4, overall, baseline: 'before' },
        { api: pattern('.', ms).read },
        { recall: { figures: { ...figures, throughput: 400 }, concurrency: 4 } },
      )
    await slower(10.8, { p95Ms: { maxIncrease: 0.1 }, throughput: { minOfBaseline: 0.9 } })
    await slower(11.3, { p95Ms: { maxIncrease: 0.1, tolerateMs: 1 } })
    await expect(slower(11.3, { p95Ms: { maxIncrease: 0.1 } })).rejects.toMatchObject({
      message: expect.stringMatching(/p95Ms against the baseline is 11\.\d+, at most 11 is asked/),
    })
    await expect(slower(11.3, { throughput: { minOfBaseline: 0.9 } })).rejects.toMatchObject({
      message: expect.stringMatching(/throughput against the baseline is 353\.\d+, at least 360 is asked/),
    })
  })

  it('are not compared with nothing, nor with other samples', async () => {
    const spec = {
      path: '/x',
      count: 1,
      intervalMs: 0,
      overall: { throughput: { minOfBaseline: 0.9 } },
      baseline: 'before',
    }
    const on = { api: pattern('.').read }
    await expect(run(gateProbe, spec, on)).rejects.toMatchObject({
      message: 'step "before" left no baseline to compare with',
    })
    await expect(run(gateProbe, spec, on, { recall: { figures, concurrency: 4 } })).rejects.toMatchObject({
      message: 'step "before" measured 4 samples at once, GET "/x" of "v4" takes 1',
    })
  })

  it('are a finding of the report', async () => {
    const last = (await many(line(1), { availability: { min: 0.999 } })).at(-1) ?? null
    const { work } = gateProbe.plan(gateProbe.spec.parse({ path: '/x', success: { status: 200 } }), {
      facts: { api: {} },
      tools: { api: {} },
      targets: { api: 'v4' },
    })
    const findings = await gateProbe.verify?.(work, { applied: last } as never)
    expect(findings?.map((each) => [each.level, each.message])).toEqual([
      ['note', 'GET "/x" of "v4": availability is 0.999, at least 0.999 is asked'],
    ])
  })

  it('only advise where they are advisory', async () => {
    const spec = { path: '/x', advisory: true, overall: { availability: { min: 0.999 }, p95Ms: { max: 20 } } }
    const last = (await many('x...', spec.overall, { advisory: true })).at(-1) ?? null
    const { work } = gateProbe.plan(gateProbe.spec.parse(spec), {
      facts: { api: {} },
      tools: { api: {} },
      targets: { api: 'v4' },
    })
    const findings = await gateProbe.verify?.(work, { applied: last } as never)
    expect(findings?.map((each) => [each.level, each.message])).toEqual([
      ['note', 'GET "/x" of "v4": p95Ms is 9.959, at most 20 is asked'],
      ['risk', 'GET "/x" of "v4": 250 of 1000 samples failed, at most 1 may: it answered 500'],
      ['risk', 'GET "/x" of "v4": availability is 0.75, at least 0.999 is asked'],
    ])
  })

  it('warn in the plan where so few samples cannot tell', () => {
    const planned = (count: number) =>
      gateProbe.plan(gateProbe.spec.parse({ path: '/x', count, overall: { availability: { min: 0.999 } } }), {
        facts: { api: {} },
        tools: { api: {} },
        targets: { api: 'v4' },
      }).findings
    expect(planned(999)?.map((each) => each.message)).toEqual([
      '999 samples cannot tell a share of 0.001 failures from none; 1000 can',
    ])
    expect(planned(1000)).toEqual([])
  })
})

describe('a spec', () => {
  it.each([
    [gateProbe, { path: '/x' }, 'a gate without a condition can never fail'],
    [gateProbe, { path: '/x', overall: { p95Ms: { maxIncrease: 0.1 } } }, 'need the step of the baseline'],
    [gateQuery, { query: 'SELECT 1' }, 'a gate without a condition can never fail'],
    [gateSoak, {}, 'forMs'],
    // Limits that are never passed.
    [gateHealth, { count: 3, failureLimit: 3 }, 'of 3 at most 3 can fail, and 3 may: it can never fail'],
    [gateHealth, { failureLimit: -1 }, 'it can never fail: give consecutiveSuccessLimit'],
    [gateHealth, { count: 3, consecutiveSuccessLimit: 4 }, '4 successes in a row never come in a count of 3'],
    [gateProbe, { path: '/x', overall: { availability: { min: 0 } } }, 'it lets all of 10 samples fail'],
    [gateProbe, { path: '/x', overall: { errorRate: { max: 1 }, p95Ms: {} } }, 'it lets all of 10 samples fail'],
    [gateProbe, { path: '/x', success: { status: 200 }, failureLimit: 10 }, 'it can never fail'],
    [gateQuery, { query: 'SELECT 1', success: [{ at: '/0', exists: true }], failureLimit: 99 }, 'it can never fail'],
  ])('of %j', (kind, spec, message) => {
    const read = kind.spec.safeParse(spec)
    expect(JSON.stringify(read.error?.issues)).toContain(message)
  })

  it.each([
    [gateHealth, { count: 3, failureLimit: 3, consecutiveSuccessLimit: 2 }],
    [gateProbe, { path: '/x', success: { status: 200 }, failureLimit: 10, overall: { p95Ms: { max: 5 } } }],
    [gateProbe, { path: '/x', success: { status: 200 }, failureLimit: 10, advisory: true }],
  ])('of %j is one', (kind, spec) => {
    expect(kind.spec.safeParse(spec).success).toBe(true)
  })
})

describe('a failed gate', () => {
  it('samples anew when it is resumed', async () => {
    const marks: Mark[] = []
    const flaky = pattern('x.x.xx...')
    const spec = { path: '/x', intervalMs: 1, count: 3, failureLimit: 2, success: { status: 200 } }
    await expect(run(gateProbe, { ...spec, count: 9 }, { api: flaky.read })).rejects.toThrow()
    marks.push(
      ...(await run(
        gateProbe,
        spec,
        { api: flaky.read },
        {
          from: { at: { tally: nothing } },
        },
      )),
    )
    expect(marks.at(-1)?.at).toHaveProperty('figures')
  })
})

describe('gate.baseline', () => {
  it('takes the API as it is, but not one that answers nothing', async () => {
    const marks = await run(gateBaseline, { path: '/x', count: 10, concurrency: 1 }, { api: pattern('.x').read })
    expect(marks.at(-1)?.at).toMatchObject({ figures: { samples: 10, failed: 5, availability: 0.5 }, concurrency: 1 })
    await expect(run(gateBaseline, { path: '/x', count: 10 }, { api: pattern('-').read })).rejects.toMatchObject({
      code: 'gate.failed',
      message: expect.stringContaining('gave no good answer'),
    })
  })
})

describe('gate.health', () => {
  it('fails a service that gets worse, or slow', async () => {
    const worse = memoryService({ state: 'running', health: (check) => (check > 2 ? 'answered 503' : '') })
    await expect(run(gateHealth, quick, { service: worse.read })).rejects.toMatchObject({
      message: 'health of "v4": 1 of 3 samples failed, at most 0 may: answered 503',
    })
    await expect(
      run(gateHealth, { ...quick, maxLatencyMs: 0.5 }, { service: memoryService({ state: 'running' }).read }),
    ).rejects.toMatchObject({ message: expect.stringContaining('it took 1 ms') })
  })
})

describe('gate.soak', () => {
  it('goes on with the time that was left', async () => {
    expect((await run(gateSoak, { forMs: 5000 }, {})).map((mark) => [mark?.done, mark?.note])).toEqual([
      [1, '4 s left'],
      [2, '3 s left'],
      [3, '2 s left'],
      [4, '1 s left'],
      [5, '0 s left'],
    ])
    expect((await run(gateSoak, { forMs: 5000 }, {}, { from: { at: { soakedMs: 3500 } } })).length).toBe(2)
  })

  it('says of a rehearsal what the time stands for, and does not take another time for it', () => {
    const given = { forMs: 60_000, compressed: { of: '7d', by: 10_080 } }
    expect(gateSoak.plan(gateSoak.spec.parse(given), { facts: {}, tools: {}, targets: {} })).toMatchObject({
      preview: ['wait 60 s, for 7d: a rehearsal, 10080 times faster'],
      findings: [{ level: 'risk', code: 'gate.compressed' }],
    })
    expect(gateSoak.spec.safeParse({ ...given, forMs: 50_000 }).error?.issues[0]?.path).toEqual(['forMs'])
    expect(gateSoak.spec.safeParse({ ...given, compressed: { of: 'a week', by: 10_080 } }).success).toBe(false)
  })
})

describe('gate.confirm', () => {
  it('holds who confirmed, and passes for nobody', async () => {
    const approval = { by: 'ann', note: 'all done' }
    expect((await run(gateConfirm, { items: ['a', 'b'] }, {}, { approval })).map((mark) => mark?.at)).toEqual([
      { ...approval, items: ['a', 'b'] },
    ])
    await expect(run(gateConfirm, { items: ['a'] }, {})).rejects.toMatchObject({
      code: 'gate.failed',
      help: expect.stringContaining('add `approval: "…"` to step "go-live"'),
    })
  })
})

/** `gate.query`: asks a database the same question again and again, and judges the rows. Also a guard. */
import { z } from 'zod'
import type { Json } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'
import type { Row } from '../../core/ports/index.ts'
import { judgeAll, judgeValue, type ValueCheck, valueCheck } from '../../requests/index.ts'
import { judgeSample } from './judge-sample.ts'
import { mayFail, mustDecide, type Pace, paceOf, type Rules, rulesOf, sampling } from './rules.ts'
import { measured, runGate } from './sampling.ts'

const checks = z.array(valueCheck).min(1)
const spec = z
  .strictObject({
    query: z.string().min(1).describe('One statement that reads.'),
    ...sampling,
    success: checks.optional().describe('Checks of the rows: "/0/lag" is column "lag" of the first.'),
    failure: checks.optional().describe('What is bad; it wins over `success`.'),
    requires: checks.optional().describe('Without it the rows do not tell: too few requests, no replica.'),
  })
  .refine(
    (given) => given.success ?? given.failure,
    'a gate without a condition can never fail: give success or failure',
  )
  .superRefine(mustDecide)

type Work = {
  readonly database: string
  readonly query: string
  readonly success: Json
  readonly failure: Json
  readonly requires: Json
  readonly pace: Pace
  readonly rules: Rules
}

export const gateQuery = defineKind({
  name: 'gate.query',
  summary: 'Samples a query of a database and judges its rows: a lag, a share of errors, a count.',
  roles: { database: 'database' },
  spec,
  example: { query: 'SELECT count(*) AS open FROM jobs', success: [{ at: '/0/open', max: 100 }] },
  gate: true,

  plan(given, site) {
    const work: Work = {
      database: site.targets.database,
      query: given.query,
      success: (given.success ?? null) as Json,
      failure: (given.failure ?? null) as Json,
      requires: (given.requires ?? null) as Json,
      pace: paceOf(given),
      rules: rulesOf(given),
    }
    const conditions = Object.entries({ success: work.success, failure: work.failure, requires: work.requires })
    return {
      work,
      predicted: {},
      preview: [
        `ask "${work.database}" ${given.count} times, every ${given.intervalMs} ms; ${mayFail(work.rules)}:`,
        given.query,
        ...conditions.filter(([, each]) => each !== null).map(([name, each]) => `${name}: ${JSON.stringify(each)}`),
      ],
      undo: 'exact',
    }
  },

  async *apply(work, at, from) {
    const take = async () => {
      const start = at.clock.now()
      const rows = plain(await at.on.database.rows(work.query))
      const judged = (of: Json) =>
        of === null
          ? undefined
          : judgeAll((of as unknown as readonly ValueCheck[]).map((each) => judgeValue(each, rows)))
      const ms = at.clock.now() - start
      return judgeSample(
        { requires: judged(work.requires), success: judged(work.success), failure: judged(work.failure) },
        ms,
      )
    }
    yield* runGate({ name: nameOf(work), pace: work.pace, rules: work.rules, baseline: undefined, take }, at, from)
  },

  async verify(work, at) {
    return measured(nameOf(work), at.applied)
  },

  async *rollback() {},
})

function nameOf(work: Work): string {
  return `query of "${work.database}"`
}

/** Rows as JSON. A 64-bit number that JavaScript cannot hold stays text: rules compare it as a number all the same. */
function plain(rows: readonly Row[]): Json {
  const value = (_: string, each: unknown): unknown =>
    typeof each === 'bigint' ? (Number.isSafeInteger(Number(each)) ? Number(each) : String(each)) : each
  return JSON.parse(JSON.stringify(rows, value)) as Json
}

/** `gate.traffic`: judges a side of a route by the proxy's own counts: error rate, throughput, and against another side. Also a guard. */
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { type Finding, risk } from '../../core/finding.ts'
import { type Json, own } from '../../core/json.ts'
import { defineKind, type Mark } from '../../core/kind.ts'
import type { SideCount, TrafficReader } from '../../core/ports/index.ts'
import {
  addBatch,
  chance,
  complaint,
  countingFields,
  isWorse,
  type MetricRules,
  metricFields,
  nothingSeen,
  type Sequential,
  shown,
  type Split,
  undecidedMs,
} from '../../metrics/index.ts'
import { judgedFindings } from './judged-metrics.ts'
import { mismatch, since, splitOf } from './split-mismatch.ts'
import { watchMetrics } from './watch.ts'
import type { Taken } from './watch-state.ts'

const { errorRetryMs, advisory } = metricFields
const { intervalMs, count, initialDelayMs, failureLimit, consecutiveErrorLimit, consecutiveSuccessLimit } =
  countingFields

/** How it is paced and counted. */
const pace = {
  intervalMs: intervalMs.unwrap().default(1000).describe('Between two looks, in milliseconds.'),
  count: count.unwrap().default(10).describe('Judgements until it passes; 0: no end, for a guard.'),
  initialDelayMs,
  failureLimit,
  consecutiveErrorLimit,
  consecutiveSuccessLimit,
  errorRetryMs: errorRetryMs.unwrap().default(1000),
  advisory,
}

const spec = z
  .strictObject({
    route: z.string().min(1),
    side: z.string().min(1).describe('The side that is judged.'),
    ...pace,
    minRequests: z
      .int()
      .min(1)
      .default(100)
      .describe('A judgement rests on at least so many requests since the one before.'),
    maxErrorRate: z.number().min(0).lt(1).optional().describe('Share of failed requests.'),
    minPerSecond: z.number().gt(0).optional().describe('Requests a second.'),
    against: z.string().optional().describe('The side it must not fail more often than, by a sequential test.'),
    alpha: z
      .number()
      .min(1e-9)
      .max(0.2)
      .default(0.01)
      .describe('The chance of a false alarm of that test, over all looks together.'),
    split: z
      .enum(['off', 'risk', 'fail'])
      .optional()
      .describe(
        'When requests come to the sides otherwise than their shares say: a risk, or the gate fails. By default a risk; off where the route is sticky, since requests of one user are not independent.',
      ),
    undecidedMs,
  })
  .refine(
    (given) => given.maxErrorRate ?? given.minPerSecond ?? given.against,
    'a gate without a condition can never fail: give maxErrorRate, minPerSecond or against',
  )
  .refine((given) => given.against !== given.side, {
    path: ['against'],
    message: 'a side cannot be compared with itself',
  })
  .superRefine((given, at) => {
    const wrong = complaint(rulesOf(given))
    if (wrong) at.addIssue({ code: 'custom', path: [wrong.field], message: wrong.why })
  })

type Spec = z.output<typeof spec>
/** The whole spec, as plain data. */
type Work = { readonly proxy: string; readonly given: Json; readonly split: 'off' | 'risk' | 'fail' }

/** Where the counts stood at the last judgement, and what the test has seen. */
type Memory = {
  readonly at: number
  readonly counts: { readonly [side: string]: SideCount }
  readonly seen: Sequential
  readonly split?: Split
}

export const gateTraffic = defineKind({
  name: 'gate.traffic',
  summary:
    "Judges one side of a route by the proxy's own counts: error rate, throughput, and failures against another side.",
  roles: { proxy: 'traffic' },
  spec,
  example: { route: 'web', side: 'v2', maxErrorRate: 0.05, minRequests: 200, against: 'v1' },
  gate: true,

  plan(given, site) {
    const usual = site.facts.proxy.routes[given.route]?.sticky === true ? 'off' : 'risk'
    const work: Work = {
      proxy: site.targets.proxy,
      given: JSON.parse(JSON.stringify(given)) as Json,
      split: given.split ?? usual,
    }
    return {
      work,
      predicted: {},
      preview: [`look at ${nameOf(work)} every ${given.intervalMs} ms: ${wantedOf(given)}`],
      undo: 'exact',
    }
  },

  async *apply(work, at, from) {
    const given = work.given as unknown as Spec
    const watch = {
      name: nameOf(work),
      rules: { [given.side]: rulesOf(given) },
      wanted: { [given.side]: wantedOf(given) },
      undecidedMs: given.undecidedMs ?? null,
      take: (_: string, memory: Json) => look(work, at.on.proxy, memory as unknown as Memory | null, at.clock.now()),
    }
    yield* watchMetrics(watch, at, from)
  },

  async verify(work, at) {
    return [...judgedFindings(nameOf(work), at.applied), ...splitFindings(work, at.applied)]
  },

  async *rollback() {},
})

function nameOf(work: Work): string {
  const { route, side } = work.given as unknown as Spec
  return `side "${side}" of route "${route}" on "${work.proxy}"`
}

function wantedOf(given: Spec): string {
  return [
    given.maxErrorRate === undefined ? [] : [`at most ${shown(given.maxErrorRate * 100)} % failed`],
    given.minPerSecond === undefined ? [] : [`at least ${given.minPerSecond} a second`],
    given.against === undefined ? [] : [`no more failures than "${given.against}", alpha ${given.alpha}`],
    [`each of at least ${given.minRequests} requests`],
  ]
    .flat()
    .join(', ')
}

function rulesOf(given: z.output<z.ZodObject<typeof pace>>): MetricRules {
  const own = Object.keys(pace) as readonly (keyof typeof pace)[]
  return z.strictObject(metricFields).parse(Object.fromEntries(own.map((field) => [field, given[field]])))
}

/** Counts are totals of the proxy: a look that finds too few requests leaves them to the next one. */
async function look(work: Work, proxy: TrafficReader, before: Memory | null, at: number): Promise<Taken> {
  const given = work.given as unknown as Spec
  const shares = work.split === 'off' ? undefined : await proxy.shares(given.route)
  const counts = await proxy.counts(given.route)
  for (const side of [given.side, given.against])
    if (side !== undefined && !own(counts, side))
      throw new ChangeoverError(
        'target.failed',
        `route "${given.route}" has no side "${side}"`,
        `its sides: ${Object.keys(counts).join(', ') || 'none'}`,
      )
  if (!before) {
    const memory: Memory = { at, counts, seen: nothingSeen, ...splitOf(undefined, shares, {}, {}) }
    return {
      judged: { outcome: 'undecided', why: 'the counts were seen once' },
      shown: '?',
      memory: memory as unknown as Json,
    }
  }
  const { split } = splitOf(before.split, shares, before.counts, counts)
  const apart = work.split === 'fail' ? mismatch(split) : undefined
  const fresh = since(before.counts[given.side], counts[given.side])
  // Where the others got many, none is a split as well.
  if (apart === undefined && fresh.requests < given.minRequests) {
    const why = `${fresh.requests} requests since the last judgement, ${given.minRequests} are needed`
    return {
      judged: { outcome: 'undecided', why },
      shown: `${fresh.requests} requests`,
      memory: before as unknown as Json,
    }
  }
  const old = given.against === undefined ? undefined : since(before.counts[given.against], counts[given.against])
  const seen = old ? addBatch(before.seen, countOf(old), countOf(fresh)) : before.seen
  const memory: Memory = { at, counts, seen, ...(split === undefined ? {} : { split }) }
  const verdict = judgeSide(given, fresh, (at - before.at) / 1000, seen)
  const judged = apart === undefined ? verdict.judged : { outcome: 'failed' as const, why: apart }
  return { ...verdict, judged, memory: memory as unknown as Json }
}

function judgeSide(given: Spec, fresh: SideCount, seconds: number, seen: Sequential): Omit<Taken, 'memory'> {
  const rate = fresh.requests === 0 ? 0 : fresh.failed / fresh.requests
  const perSecond = seconds > 0 ? fresh.requests / seconds : Infinity
  const told = `${shown(rate * 100)} % of ${fresh.requests} failed, ${shown(perSecond)} a second`
  const bad = [
    ...(given.maxErrorRate !== undefined && rate > given.maxErrorRate
      ? [`at most ${shown(given.maxErrorRate * 100)} % may fail`]
      : []),
    ...(given.minPerSecond !== undefined && perSecond < given.minPerSecond
      ? [`at least ${given.minPerSecond} a second are asked`]
      : []),
    ...(given.against !== undefined && isWorse(seen, given.alpha)
      ? [
          `${seen.fresh.failed} of ${seen.fresh.total} failed, of "${given.against}" ${seen.old.failed} of ${seen.old.total}: by chance with ${shown(chance(seen))}`,
        ]
      : []),
  ]
  if (bad.length > 0) return { judged: { outcome: 'failed', why: `${told}; ${bad.join('; ')}` }, shown: told }
  if (given.against !== undefined && seen.old.total === 0)
    return {
      judged: { outcome: 'undecided', why: `side "${given.against}" has no request to compare with` },
      shown: told,
    }
  return { judged: { outcome: 'successful', why: '' }, shown: told }
}

/** A gate that passed on requests that came otherwise than was told: what was compared may not be comparable. */
function splitFindings(work: Work, applied: Mark | undefined): readonly Finding[] {
  const { side, route } = work.given as unknown as Spec
  const state = (applied?.at as { readonly state?: { readonly metrics?: Json } } | null | undefined)?.state
  const memory = (state?.metrics as { readonly [metric: string]: { readonly memory?: Memory } } | undefined)?.[side]
  const apart = work.split === 'risk' ? mismatch(memory?.memory?.split) : undefined
  if (apart === undefined) return []
  return [
    risk(
      'traffic.split-mismatch',
      `route "${route}" of "${work.proxy}" is not shared as it was told: ${apart}`,
      'look for servers that are down, a cache, or clients that go past the proxy, before you compare its sides',
    ),
  ]
}

function countOf({ requests, failed }: SideCount) {
  return { total: requests, failed: Math.min(failed, requests) }
}

/** `gate.metrics`: several named metrics judged side by side, each at its own pace. Also a guard. */
import { ChangeoverError } from '../../core/errors.ts'
import { block, type Finding, note, risk } from '../../core/finding.ts'
import { type Json, own } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'
import {
  comparesWithBaseline,
  effectiveCount,
  isBounded,
  type MetricRules,
  readCondition,
} from '../../metrics/index.ts'
import { lookOnce } from './first-look.ts'
import { judgedFindings } from './judged-metrics.ts'
import { type Known, measure } from './measure.ts'
import { askedOf, type MetricSpec, metricsSpec, paceOf, rulesOf, wantedOf } from './metric-spec.ts'
import { watchMetrics } from './watch.ts'

type Work = {
  readonly source: string
  /** `MetricSpec`s, as plain data. */
  readonly metrics: { readonly [name: string]: Json }
  readonly baseline: string | null
  readonly undecidedMs: number | null
}

export const gateMetrics = defineKind({
  name: 'gate.metrics',
  summary:
    'Judges named metrics side by side, with the counting of an Argo AnalysisRun: conditions, limits, a baseline, a sequential test. No evidence holds, and never passes.',
  roles: { metrics: 'metrics' },
  spec: metricsSpec,
  example: {
    metrics: {
      errors: {
        query: 'sum(rate(http_requests_total{code=~"5.."}[1m])) / sum(rate(http_requests_total[1m]))',
        intervalMs: 5000,
        count: 12,
        successCondition: 'result[0] < 0.05',
        failureLimit: 1,
        samples: 'sum(increase(http_requests_total[1m]))',
        minSamples: 100,
      },
      memory: { query: 'process_resident_memory_bytes', max: 2_000_000_000, unit: 'bytes', advisory: true },
    },
  },
  gate: true,

  plan(given, site) {
    const metrics = given.metrics
    const work: Work = {
      source: site.targets.metrics,
      metrics: JSON.parse(JSON.stringify(metrics)) as { [name: string]: Json },
      baseline: given.baseline ?? null,
      undecidedMs: given.undecidedMs ?? null,
    }
    return {
      work,
      predicted: {},
      preview: previewOf(work, metrics),
      undo: 'exact',
      findings: [
        ...(site.tools.metrics.json ? [] : misfits(metrics, work.source)),
        ...doubtsOf(metrics, site.guard === true),
      ],
    }
  },

  async check(work, at) {
    return lookOnce(at.on.metrics, specsOf(work), work.source)
  },

  async *apply(work, at, from) {
    const metrics = specsOf(work)
    const known = work.baseline === null ? {} : recalled(work.baseline, metrics, at.recall(work.baseline))
    const each = <T>(of: (spec: MetricSpec) => T) =>
      Object.fromEntries(Object.entries(metrics).map(([name, spec]) => [name, of(spec)]))
    yield* watchMetrics(
      {
        name: nameOf(work),
        rules: each(rulesOf),
        wanted: each(wantedOf),
        undecidedMs: work.undecidedMs,
        take: (name, memory) =>
          measure(at.on.metrics, metrics[name]!, own(known, name) ?? {}, memory, () => at.clock.now()),
      },
      at,
      from,
    )
  },

  async verify(work, at) {
    return judgedFindings(nameOf(work), at.applied)
  },

  metrics(work) {
    const baseline = work.baseline === null ? {} : { baseline: work.baseline }
    return Object.entries(specsOf(work)).flatMap(([name, spec]) =>
      askedOf(name, spec).map((each) => ({ role: 'metrics', ...each, ...baseline })),
    )
  },

  async *rollback() {},
})

function nameOf(work: Work): string {
  return `metrics of "${work.source}"`
}

function specsOf(work: Work): { readonly [name: string]: MetricSpec } {
  return work.metrics as unknown as { readonly [name: string]: MetricSpec }
}

function isEndless(metrics: { readonly [name: string]: MetricSpec }): boolean {
  return !Object.values(metrics).some(
    (each) => isBounded(rulesOf(each)) && (!each.advisory || effectiveCount(rulesOf(each))),
  )
}

/** Conditions on fields and texts, where the source answers numbers and lists of them. */
function misfits(metrics: { readonly [name: string]: MetricSpec }, source: string): readonly Finding[] {
  return Object.entries(metrics).flatMap(([name, each]) =>
    (['successCondition', 'failureCondition'] as const).flatMap((field) => {
      const text = each[field]
      const why = text === undefined ? undefined : readCondition(text, each.answers ?? 'figures')
      if (typeof why !== 'string') return []
      const message = `${field} of metric "${name}" cannot be asked of "${source}", which answers numbers: ${why}`
      return [block('gate.misfit', message, `change ${field}, or take a target of adapter command-metrics`)]
    }),
  )
}

/** What Argo takes as well, and what it comes to. */
function doubtsOf(metrics: { readonly [name: string]: MetricSpec }, isGuard: boolean): readonly Finding[] {
  const found: Finding[] = []
  // A guard is to watch for as long as its step runs.
  if (isEndless(metrics) && !isGuard)
    found.push(
      note(
        'gate.endless',
        'no metric that decides has a count: as a step of its own it never passes',
        'give one a `count`, or let it be a guard of another step',
      ),
    )
  if (Object.values(metrics).every((each) => each.advisory))
    found.push(
      risk(
        'gate.cannot-fail',
        'every metric is a dry run: whatever is measured, the gate passes',
        'take `advisory` away from one that is to decide',
      ),
    )
  for (const [name, each] of Object.entries(metrics)) {
    const most = passesInconclusive(rulesOf(each))
    if (most === undefined) continue
    found.push(
      risk(
        'gate.passes-inconclusive',
        `"${name}" passes when all of its ${most} measurements are inconclusive: inconclusiveLimit is never passed`,
        `give inconclusiveLimit at most ${most - 1}`,
      ),
    )
  }
  return found
}

/** The count of a metric whose measurements may all be neither good nor bad, and which is then through. */
function passesInconclusive(rules: MetricRules): number | undefined {
  const { successCondition, failureCondition, inconclusiveLimit: limit, consecutiveSuccessLimit, advisory } = rules
  const count = effectiveCount(rules)
  const isBoth = successCondition !== undefined && failureCondition !== undefined
  if (!isBoth || advisory || count === undefined || consecutiveSuccessLimit > 0) return undefined
  return limit < 0 || limit >= count ? count : undefined
}

function previewOf(work: Work, metrics: { readonly [name: string]: MetricSpec }): readonly string[] {
  const lines = Object.entries(metrics).flatMap(([name, each]) => [
    `${each.advisory ? 'dry run of ' : ''}"${name}" ${paceOf(rulesOf(each))}: ${wantedOf(each)}`,
    `  ${each.query ?? `${each.test?.failed ?? ''} of ${each.test?.total ?? ''}`}`,
  ])
  return [
    `judge ${nameOf(work)}:`,
    ...lines,
    ...(work.baseline === null ? [] : [`compared with step "${work.baseline}"`]),
  ]
}

/** What the baseline holds for the metrics that compare with it. Throws where it holds nothing for one. */
function recalled(
  step: string,
  metrics: { readonly [name: string]: MetricSpec },
  at: Json | undefined,
): { readonly [name: string]: Known } {
  const left = at as { readonly captured?: { readonly [name: string]: Known } } | undefined
  for (const [name, each] of Object.entries(metrics)) {
    const needed = each.test && !each.test.against ? 'counts' : comparesWithBaseline(each) ? 'figure' : undefined
    if (!needed || own(left?.captured ?? {}, name)?.[needed] !== undefined) continue
    throw new ChangeoverError(
      'gate.failed',
      left?.captured
        ? `the baseline of step "${step}" has no ${needed} of "${name}"`
        : `step "${step}" left no baseline to compare with`,
      `capture "${name}" in step "${step}" (gate.metrics-baseline) before this gate, and do not roll it back`,
    )
  }
  return left?.captured ?? {}
}

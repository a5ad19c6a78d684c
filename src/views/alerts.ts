/** Alert rules of a plan for Prometheus: what its gates ask of the system, and what a run itself must not do unseen. */
import type { Plan } from '../core/plan.ts'
import { type MetricRules, readRules } from '../metrics/index.ts'
import type { PlanMetric } from './asked-metrics.ts'

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: { readonly [name: string]: string }
  readonly annotations: { readonly [name: string]: string }
}

export interface Alerts {
  /** As a rule file has them: `promtool check rules` reads it. */
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[]
  /** What no rule could be made of, and why. */
  readonly left: readonly string[]
}

/** `isPromql`: whether a target's queries are a Prometheus' too. `known`: the captured figure of a metric that is compared with one. */
export function alertsOf(
  plan: Plan,
  metrics: readonly PlanMetric[],
  isPromql: (target: string) => boolean,
  known: (metric: PlanMetric) => number | undefined,
): Alerts {
  const made = metrics
    .filter(({ wanted }) => wanted !== '')
    .map((metric) => ({ metric, bad: isPromql(metric.target) ? badWhen(metric, known(metric)) : notPromql(metric) }))
  const rules = made.flatMap(({ metric, bad }) =>
    bad.when.map((expr, at) => systemRule(plan, metric, expr, bad.when.length > 1 ? at + 1 : undefined)),
  )
  return {
    groups: [
      { name: `changeover ${plan.name}: the system`, rules: unlikeNamed(rules) },
      { name: `changeover ${plan.name}: the run`, rules: runRules(plan.name) },
    ].filter((group) => group.rules.length > 0),
    left: made.flatMap(({ metric, bad }) => bad.left.map((why) => `"${metric.name}": ${why}`)),
  }
}

interface Bad {
  readonly when: readonly string[]
  readonly left: readonly string[]
}

function notPromql({ target }: PlanMetric): Bad {
  return { when: [], left: [`a Prometheus does not understand the queries of target "${target}"`] }
}

/** Each limit turned round. */
function badWhen(metric: PlanMetric, base: number | undefined): Bad {
  const rules = readRules(metric.rules)
  const found: { readonly when?: string; readonly left?: string }[] = [
    ...over('>', metric.query, rules.max),
    ...over('<', metric.query, rules.min),
    ...compared(metric.query, rules, base),
    ...(rules.maxPerMinute === undefined ? [] : [{ when: growth(metric.query, rules) }]),
    ...fromCondition(metric.query, rules.successCondition, opposite),
    ...fromCondition(metric.query, rules.failureCondition, (sign) => sign),
  ]
  const none = found.length === 0 ? ['it is judged by a sequential test, which needs the gate'] : []
  return {
    when: found.flatMap(({ when }) => when ?? []),
    left: [...found.flatMap(({ left }) => left ?? []), ...none],
  }
}

function over(sign: string, query: string, limit: number | undefined): readonly { readonly when: string }[] {
  return limit === undefined ? [] : [{ when: `(${query}) ${sign} ${limit}` }]
}

function compared(
  query: string,
  { maxIncreasePercent: more, minRatioOfBaseline: ratio, tolerate }: MetricRules,
  base: number | undefined,
): readonly { readonly when?: string; readonly left?: string }[] {
  if (more === undefined && ratio === undefined) return []
  if (base === undefined) return [{ left: 'no baseline was captured yet: make the rules again when it was' }]
  return [
    ...(more === undefined ? [] : over('>', query, round(base + (Math.abs(base) * more) / 100 + tolerate))),
    ...(ratio === undefined ? [] : over('<', query, round(base * ratio))),
  ]
}

/** Six digits: what a double adds behind them is no limit. */
function round(value: number): number {
  return Number(value.toPrecision(6))
}

function growth(query: string, { maxPerMinute = 0, windowMs }: MetricRules): string {
  const seconds = Math.max(1, Math.round(windowMs / 1000))
  const plain = /^[a-zA-Z_:][\w:]*(?:\{[^{}]*\})?$/.test(query.trim())
  return `increase(${plain ? `${query.trim()}[${seconds}s]` : `(${query})[${seconds}s:]`}) > ${round((maxPerMinute * windowMs) / 60_000)}`
}

const comparison = /^\s*result(?:\[0\])?\s*(<=?|>=?)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$/i

function fromCondition(
  query: string,
  condition: string | undefined,
  turn: (sign: string) => string,
): readonly { readonly when?: string; readonly left?: string }[] {
  if (condition === undefined) return []
  const [, sign = '', limit = ''] = comparison.exec(condition) ?? []
  if (sign === '') return [{ left: `the condition "${condition}" is more than one comparison` }]
  return [{ when: `(${query}) ${turn(sign)} ${limit}` }]
}

function opposite(sign: string): string {
  return { '<': '>=', '<=': '>', '>': '<=', '>=': '<' }[sign] ?? sign
}

/** As patient as the gate: it fires when more measurements would have failed than the gate forgives. */
function systemRule(plan: Plan, metric: PlanMetric, expr: string, number: number | undefined): AlertRule {
  const { failureLimit, intervalMs = 0, advisory } = readRules(metric.rules)
  const seconds = Math.ceil((Math.max(0, failureLimit) * intervalMs) / 1000)
  return {
    alert: camel(['changeover', plan.name, metric.name, ...(number === undefined ? [] : [String(number)])]),
    expr,
    for: `${seconds}s`,
    labels: { severity: advisory ? 'info' : 'warning', plan: plan.name },
    annotations: {
      summary: `${metric.name} of ${plan.name} is {{ $value | humanize }}: ${metric.wanted}`,
      description: `Asked by ${metric.steps.map((step) => `"${step}"`).join(', ')} of the plan from ${plan.from} to ${plan.to}.`,
    },
  }
}

/** The same name twice would be one alert: the later ones are numbered. */
function unlikeNamed(rules: readonly AlertRule[]): readonly AlertRule[] {
  const seen = new Map<string, number>()
  return rules.map((rule) => {
    const times = (seen.get(rule.alert) ?? 0) + 1
    seen.set(rule.alert, times)
    return times === 1 ? rule : { ...rule, alert: `${rule.alert}${times}` }
  })
}

function runRules(plan: string): readonly AlertRule[] {
  const of = `plan=${JSON.stringify(plan)}`
  const rule = (name: string, expr: string, wait: string, severity: string, summary: string): AlertRule => ({
    alert: camel(['changeover', plan, name]),
    expr,
    for: wait,
    labels: { severity, plan },
    annotations: { summary },
  })
  return [
    rule(
      'run failed',
      `changeover_run_phase{${of},phase="failed"} == 1`,
      '0s',
      'critical',
      `{{ $labels.run }} has stopped at a step that failed`,
    ),
    rule(
      'run turned back',
      `changeover_run_phase{${of},phase=~"turning-back|rolled-back"} == 1`,
      '0s',
      'warning',
      `{{ $labels.run }} is turned back`,
    ),
    rule(
      'run waits',
      `changeover_run_waits_for_person{${of}} == 1`,
      '15m',
      'warning',
      `{{ $labels.run }} waits for a person`,
    ),
    rule(
      'run silent',
      `changeover_run_phase{${of},phase="running"} == 1 and on (run) (time() - changeover_run_changed_timestamp_seconds{${of}}) > 300`,
      '0s',
      'critical',
      `nothing has happened in {{ $labels.run }} for five minutes: is its runner alive?`,
    ),
    rule('exporter gone', `absent(changeover_run_info{${of}})`, '5m', 'warning', `no figures of ${plan} come any more`),
  ]
}

function camel(words: readonly string[]): string {
  return words
    .flatMap((each) => each.split(/[^\p{L}\p{N}]+/u))
    .filter((each) => each !== '')
    .map((each) => `${each[0]?.toUpperCase()}${each.slice(1)}`)
    .join('')
}

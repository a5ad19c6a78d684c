/** `changeover metrics`: the figures that the gates of the plan ask for, now, and again and again. Judges as a gate would; decides nothing. */
import { ChangeoverError, isChangeoverError, suggestion } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { Target } from '../../core/kind.ts'
import type { Plan } from '../../core/plan.ts'
import { systemClock } from '../../engine/this-process.ts'
import { openTargets, type Targets } from '../../engine/targets.ts'
import { addTotal, figureIn, type Growth, grownIn, judge, readRules, shown } from '../../metrics/index.ts'
import type { PlanMetric } from '../../views/index.ts'
import type { Common, Door } from '../door.ts'
import { openBenchFor } from '../open.ts'
import { metricsOfPlan, type PlanMetrics } from '../plan-metrics.ts'
import { repainter } from '../repaint.ts'
import { type Looked, metricLines } from './metric-lines.ts'
import { positive } from './wishes.ts'

export interface MetricsOptions extends Common {
  readonly watch?: boolean
  readonly interval?: string
  readonly target?: string
  readonly component?: string
}

/** Exit 3 when a figure is bad now, 1 when one could not be asked for; while watching, 0. */
export async function metrics(named: readonly string[], options: MetricsOptions, door: Door): Promise<number> {
  if (options.interval !== undefined && !options.watch)
    throw new ChangeoverError('usage.invalid', '--interval is between two looks of --watch', 'name both, or neither')
  const everyMs = options.interval === undefined ? 5_000 : positive('--interval', options.interval) * 1_000
  const end = new AbortController()
  const leave = (): void => end.abort(new Error('left'))
  process.on('SIGINT', leave).on('SIGTERM', leave)
  const bench = await openBenchFor(options, door)
  const targets = openTargets(bench, { run: 'metrics', fence: 0, signal: end.signal })
  try {
    const asked = await metricsOfPlan(bench, options)
    const chosen = choose(asked, named, options)
    const growths = new Map<PlanMetric, Growth>()
    const look = () => lookAt(chosen, asked, targets, growths, () => door.now())
    if (!options.watch) {
      const seen = await look()
      door.out(rendered(seen, door))
      if (seen.some(({ judged }) => judged?.outcome === 'failed')) return 3
      return seen.some(({ judged, trouble }) => trouble !== undefined || judged?.outcome === 'error') ? 1 : 0
    }
    await again(look, everyMs, door, end.signal)
    return 0
  } finally {
    end.abort()
    process.off('SIGINT', leave).off('SIGTERM', leave)
    await targets.close()
    await bench.close()
  }
}

function choose(asked: PlanMetrics, named: readonly string[], { target, component }: MetricsOptions) {
  const { metrics: all, plan } = asked
  if (all.length === 0)
    throw new ChangeoverError(
      'usage.invalid',
      `no step of plan "${plan.name}" asks for a figure`,
      'add a `gate.metrics` step or guard: `changeover docs gate.metrics`',
    )
  for (const name of named)
    mustBe(
      'a figure',
      name,
      all.map((each) => each.name),
    )
  const targets = all.map((each) => each.target)
  if (target !== undefined) mustBe('a figure of target', target, targets)
  const parts = (metric: PlanMetric) => partsOf(metric, plan)
  if (component !== undefined) mustBe('a figure of component', component, all.flatMap(parts))
  return all.filter(
    (each) =>
      (named.length === 0 || named.includes(each.name)) &&
      (target === undefined || each.target === target) &&
      (component === undefined || parts(each).includes(component)),
  )
}

function mustBe(what: string, word: string, words: readonly string[]): void {
  const known = [...new Set(words)]
  if (known.includes(word)) return
  const message = `no step asks for ${what} "${word}"${suggestion(word, known)}`
  throw new ChangeoverError('usage.unknown', message, `there are: ${known.join(', ') || 'none'}`)
}

/** The components that a figure is about: the parts that the steps are of which ask for it. A guard is of the parts of its step, too. */
function partsOf({ steps: asking }: PlanMetric, { steps }: Plan): readonly string[] {
  return steps.flatMap((step) => [
    ...(asking.some((name) => name === step.id || name.startsWith(`${step.id}/`)) ? step.parts : []),
    ...step.guards.filter(({ id }) => asking.includes(`${step.id}/${id}`)).flatMap(({ parts }) => parts),
  ])
}

async function lookAt(
  chosen: readonly PlanMetric[],
  asked: PlanMetrics,
  targets: Targets,
  growths: Map<PlanMetric, Growth>,
  now: () => number,
): Promise<readonly Looked[]> {
  return Promise.all(
    chosen.map(async (metric) => {
      const baseline = asked.known(metric)
      try {
        return await measured(metric, baseline, targets, growths, now)
      } catch (error) {
        if (!isChangeoverError(error)) throw error
        return { metric, value: undefined, baseline, judged: undefined, trouble: error.message }
      }
    }),
  )
}

async function measured(
  metric: PlanMetric,
  baseline: number | undefined,
  targets: Targets,
  growths: Map<PlanMetric, Growth>,
  now: () => number,
): Promise<Looked> {
  const target = (await targets.get(metric.target)) as unknown as Target<'metrics'>
  const { value, at } = await target.read.measure(metric.query)
  if (metric.wanted === '' || Object.keys(metric.rules).length === 0)
    return { metric, value, baseline, judged: undefined }
  // How many events a figure rests on is asked by the gate alone.
  const { minSamples: _, ...rules } = readRules(metric.rules)
  const figure = figureIn(value)
  const growth =
    rules.maxPerMinute === undefined || figure === undefined
      ? undefined
      : addTotal(growths.get(metric) ?? null, figure, now(), rules.windowMs)
  if (growth) growths.set(metric, growth)
  const grown = growth && grownIn(growth, rules.windowMs)
  const evidence = {
    value,
    at,
    now: now(),
    ...(baseline === undefined ? {} : { baseline }),
    ...(grown ? { growth: grown } : {}),
  }
  return { metric, value, baseline, judged: judge(rules, evidence) }
}

/** Until it is left: one screen is repainted; in a pipe each look is told. */
async function again(
  look: () => Promise<readonly Looked[]>,
  everyMs: number,
  door: Door,
  signal: AbortSignal,
): Promise<void> {
  const screen = door.live && !door.json ? repainter(door) : undefined
  try {
    while (!signal.aborted) {
      const text = rendered(await look(), door)
      if (screen) screen.paint(text)
      else door.out(text)
      await systemClock.sleep(everyMs, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    screen?.end()
  }
}

function rendered(seen: readonly Looked[], door: Door): string {
  if (!door.json) return metricLines(seen, door)
  const metrics: Json = seen.map(({ metric, value, baseline, judged, trouble }) => ({
    name: metric.name,
    target: metric.target,
    query: metric.query,
    value: value === undefined ? null : finite(value),
    unit: metric.unit ?? null,
    baseline: baseline ?? null,
    wanted: metric.wanted,
    outcome: judged?.outcome ?? null,
    why: trouble ?? judged?.why ?? '',
    steps: metric.steps,
  }))
  return `${JSON.stringify({ at: new Date(door.now()).toISOString(), metrics })}\n`
}

/** JSON has neither NaN nor infinities: they are texts, as Prometheus spells them. */
function finite(value: Json): Json {
  if (typeof value === 'number') return Number.isFinite(value) ? value : shown(value)
  return Array.isArray(value) ? value.map(finite) : value
}

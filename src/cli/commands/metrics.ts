/** `changeover metrics`: the figures that the gates of the plan ask for, now, and again and again. Judges as a gate would; decides nothing. */
import { ChangeoverError, isChangeoverError, suggestion } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { Target } from '../../core/kind.ts'
import { openTargets, type Targets } from '../../engine/targets.ts'
import {
  addTotal,
  figureIn,
  type Growth,
  grownIn,
  judge,
  type Judgement,
  readRules,
  shown,
} from '../../metrics/index.ts'
import type { PlanMetric } from '../../views/index.ts'
import type { Common, Door } from '../door.ts'
import { openBenchFor } from '../open.ts'
import { metricsOfPlan, type PlanMetrics } from '../plan-metrics.ts'
import { repainter } from '../repaint.ts'
import { metricLines } from './metric-lines.ts'
import { positive } from './wishes.ts'

export interface MetricsOptions extends Common {
  readonly watch?: boolean
  readonly interval?: string
  readonly target?: string
}

/** One figure as it is now. */
export interface Looked {
  readonly metric: PlanMetric
  readonly value: number | readonly number[] | undefined
  readonly baseline: number | undefined
  /** Absent where nothing is asked of it. */
  readonly judged: Judgement | undefined
  /** Why it could not be asked for. */
  readonly trouble?: string
}

/** Exit 3 when a figure is bad now; while watching, 0. */
export async function metrics(named: readonly string[], options: MetricsOptions, door: Door): Promise<number> {
  const everyMs = options.interval === undefined ? 5_000 : positive('--interval', options.interval) * 1_000
  const end = new AbortController()
  const leave = (): void => end.abort(new Error('left'))
  process.on('SIGINT', leave).on('SIGTERM', leave)
  const bench = await openBenchFor(options, door)
  const targets = openTargets(bench, { run: 'metrics', fence: 0, signal: end.signal })
  try {
    const asked = await metricsOfPlan(bench, options)
    const chosen = choose(asked, named, options.target)
    const growths = new Map<PlanMetric, Growth>()
    const look = () => lookAt(chosen, asked, targets, growths, () => door.now())
    if (!options.watch) {
      const seen = await look()
      door.out(rendered(seen, door))
      return seen.some(({ judged }) => judged?.outcome === 'failed') ? 3 : 0
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

function choose({ metrics: all, plan }: PlanMetrics, named: readonly string[], target: string | undefined) {
  if (all.length === 0)
    throw new ChangeoverError(
      'usage.invalid',
      `no step of plan "${plan.name}" asks for a figure`,
      'add a `gate.metrics` step or guard: `changeover docs gate.metrics`',
    )
  const names = [...new Set(all.map(({ name }) => name))]
  for (const name of named)
    if (!names.includes(name))
      throw new ChangeoverError(
        'usage.unknown',
        `no step asks for a figure "${name}"${suggestion(name, names)}`,
        `figures there are: ${names.join(', ')}`,
      )
  return all.filter(
    (each) => (named.length === 0 || named.includes(each.name)) && (target === undefined || each.target === target),
  )
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
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs)
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
      })
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
    value: value === undefined ? null : typeof value === 'number' ? finite(value) : value.map(finite),
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
function finite(value: number): Json {
  return Number.isFinite(value) ? value : shown(value)
}

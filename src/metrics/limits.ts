/** A single figure against fixed limits and against a baseline. Pure. */
import type { Json } from '../core/json.ts'
import type { Evidence, Judgement } from './evidence.ts'
import type { MetricRules } from './rules.ts'
import { hasLimit } from './rules.ts'
import { shown } from './shown.ts'

/** A limit, the figure it is for, and whether it holds: what a report shows. */
interface Limit {
  readonly name: string
  readonly met: 'yes' | 'no' | 'unknown'
  readonly why: string
  readonly wanted: string
}

/** Successful where every limit holds, failed where one does not, undecided where one cannot be told, error where there are several figures. */
export function judgeLimits(rules: MetricRules, seen: Evidence): Judgement {
  if (!hasLimit(rules)) return { outcome: 'successful', why: '' }
  const figure = figureIn(seen.value)
  if (figure === undefined) {
    const many = Array.isArray(seen.value) ? seen.value.length : 0
    const why =
      many > 1
        ? `a limit is for one figure, the answer has ${many}: ask for their sum, or the greatest`
        : `a limit is for one figure, the answer is ${shown(seen.value)}`
    return { outcome: 'error', why }
  }
  if (Number.isNaN(figure)) return { outcome: 'undecided', why: 'the value is NaN' }
  const limits = limitsOf(rules, figure, seen)
  const broken = limits.filter((each) => each.met === 'no')
  if (broken.length > 0) return { outcome: 'failed', why: broken.map((each) => each.why).join('; ') }
  const dark = limits.find((each) => each.met === 'unknown')
  return dark ? { outcome: 'undecided', why: dark.why } : { outcome: 'successful', why: '' }
}

/** The one figure of an answer. */
export function figureIn(value: Json): number | undefined {
  const one = Array.isArray(value) && value.length === 1 ? (value as readonly Json[])[0] : value
  return typeof one === 'number' ? one : undefined
}

function limitsOf(rules: MetricRules, figure: number, seen: Pick<Evidence, 'baseline' | 'growth'>): readonly Limit[] {
  const { baseline } = seen
  const increase = rules.maxIncreasePercent
  const ratio = rules.minRatioOfBaseline
  return [
    ...(rules.max === undefined ? [] : [atMost('', figure, rules.max)]),
    ...(rules.min === undefined ? [] : [atLeast('', figure, rules.min)]),
    ...(increase === undefined
      ? []
      : [
          against(baseline, (base) =>
            atMost(
              ` (${increase} % above the baseline of ${short(base)})`,
              figure,
              base + (Math.abs(base) * increase) / 100 + rules.tolerate,
            ),
          ),
        ]),
    ...(ratio === undefined
      ? []
      : [against(baseline, (base) => atLeast(` (${ratio} of the baseline of ${short(base)})`, figure, base * ratio))]),
    ...(rules.maxPerMinute === undefined ? [] : [growing(rules, rules.maxPerMinute, seen.growth)]),
  ]
}

function against(baseline: number | undefined, judged: (base: number) => Limit): Limit {
  if (baseline !== undefined && Number.isFinite(baseline)) return judged(baseline)
  return { name: 'baseline', met: 'unknown', why: 'the baseline does not tell', wanted: '' }
}

function atMost(of: string, seen: number, limit: number): Limit {
  const wanted = `at most ${short(limit)}${of}`
  return { name: 'max', met: seen <= limit ? 'yes' : 'no', why: `it is ${short(seen)}, ${wanted} is asked`, wanted }
}

function atLeast(of: string, seen: number, limit: number): Limit {
  const wanted = `at least ${short(limit)}${of}`
  return { name: 'min', met: seen >= limit ? 'yes' : 'no', why: `it is ${short(seen)}, ${wanted} is asked`, wanted }
}

/** More than the window allows is bad at once; as few as that is good only when the whole window was watched. */
function growing(rules: MetricRules, perMinute: number, growth: Evidence['growth']): Limit {
  const allowed = (perMinute * rules.windowMs) / 60_000
  const wanted = `at most ${short(perMinute)} a minute`
  if (growth && growth.by > allowed) {
    const rate = (growth.by * 60_000) / rules.windowMs
    return {
      name: 'rate',
      met: 'no',
      why: `it grew by ${short(growth.by)} in ${rules.windowMs} ms, ${short(rate)} a minute, ${wanted} is asked`,
      wanted,
    }
  }
  if (!growth || growth.overMs < rules.windowMs) {
    const watched = growth?.overMs ?? 0
    return {
      name: 'rate',
      met: 'unknown',
      why: `it was watched for ${Math.round(watched)} of ${rules.windowMs} ms`,
      wanted,
    }
  }
  return { name: 'rate', met: 'yes', why: `it grew by ${short(growth.by)} in ${rules.windowMs} ms`, wanted }
}

function short(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)))
}

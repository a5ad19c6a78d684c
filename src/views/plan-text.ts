/** A plan for a terminal: a timeline of stages, each step with all that is known before it runs, then risks, the way back and the lists. */
import type { Finding } from '../core/finding.ts'
import type { Plan, PlannedStep } from '../core/plan.ts'
import type { RunState } from '../core/run.ts'
import { stretch } from './bar.ts'
import { type Estimate, estimates, totalOf } from './estimate.ts'
import { findingLines } from './finding-text.ts'
import { fit, pad, type Paint, plain, wrap } from './paint.ts'
import { askedOf, checklistOf, type Stage, stagesOf, targetsIn, wayBack } from './plan-parts.ts'
import { bytes, count, duration, plural } from './words.ts'

export interface PlanTextOptions {
  /** All findings to show; by default those of the plan itself. */
  readonly findings?: readonly Finding[]
  /** A run of this plan: ticks the checklist. */
  readonly state?: RunState
  readonly paint?: Paint
  /** Columns of the terminal. */
  readonly width?: number
}

export function planText(plan: Plan, options: PlanTextOptions = {}): string {
  const { findings = plan.findings, state, paint = plain, width = 100 } = options
  const by = estimates(findings)
  const sections = [
    heading(plan, by, paint),
    timeline(plan, by, paint, width),
    ...stagesOf(plan).map((stage) => stageLines(stage, plan, by, paint, width)),
    titled('Findings', findings.length === 0 ? ['  none'] : findingLines(findings, paint, width), paint),
    titled('Risks', riskLines(plan, paint, width), paint),
    titled('Way back', wayBackLines(plan, width), paint),
    titled('Communication', listLines(askedOf(plan).communication ?? [], width), paint),
    titled('Checklist', checkLines(plan, state, width), paint),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function heading(plan: Plan, by: ReadonlyMap<string, Estimate>, paint: Paint): readonly string[] {
  const failure = plan.onFailure === 'rollback' ? 'rolls back when a step fails' : 'pauses when a step fails'
  const figures = [
    `${plural(plan.steps.length, 'step')} in ${plural(stagesOf(plan).length, 'stage')}`,
    totalWords(plan, by),
    failure,
  ]
  return [
    `${paint.strong(plan.name)}  ${plan.from} → ${plan.to}  ${paint.faint(`plan ${plan.hash.slice(0, 12)}`)}`,
    figures.filter((each) => each !== '').join(' · '),
  ]
}

/** Every step is on the critical path, since they run one after another; the longest is what to look at. */
export function totalWords(plan: Plan, by: ReadonlyMap<string, Estimate>): string {
  const total = totalOf(plan.steps, by)
  if (total.known === 0) return ''
  const time = `about ${duration(total.seconds * 1000)}`
  const longest = [...plan.steps].sort((a, b) => (by.get(b.id)?.seconds ?? 0) - (by.get(a.id)?.seconds ?? 0))[0]
  const share = total.seconds === 0 ? 0 : (by.get(longest?.id ?? '')?.seconds ?? 0) / total.seconds
  const most = share >= 0.3 && total.known > 1 ? `, ${Math.round(share * 100)} % of it in "${longest?.id}"` : ''
  return total.known === plan.steps.length
    ? `${time}${most}`
    : `${time} for the ${total.known} of ${plan.steps.length} steps with an estimate${most}`
}

function timeline(plan: Plan, by: ReadonlyMap<string, Estimate>, paint: Paint, width: number): readonly string[] {
  const total = totalOf(plan.steps, by).seconds
  if (total === 0) return []
  const stages = stagesOf(plan)
  const names = Math.min(30, Math.max(...stages.map((stage) => stage.name.length)))
  const room = Math.max(10, Math.min(60, width - names - 18))
  let from = 0
  return stages.map((stage) => {
    const seconds = totalOf(stage.steps, by).seconds
    const drawn = seconds === 0 ? '·'.repeat(room) : stretch(from / total, (from + seconds) / total, room)
    from += seconds
    const time = seconds === 0 ? '' : duration(seconds * 1000)
    return `  ${pad(fit(stage.name, names), names)}  ${paint.name(drawn)}  ${time}`
  })
}

function stageLines(
  stage: Stage,
  plan: Plan,
  by: ReadonlyMap<string, Estimate>,
  paint: Paint,
  width: number,
): readonly string[] {
  const first = plan.steps.indexOf(stage.steps[0]!) + 1
  return [
    paint.strong(stage.name),
    ...stage.steps.flatMap((step, index) => stepLines(step, first + index, by.get(step.id), paint, width)),
  ]
}

function stepLines(
  step: PlannedStep,
  number: number,
  estimate: Estimate | undefined,
  paint: Paint,
  width: number,
): readonly string[] {
  const title = step.title === step.id ? '' : `  ${step.title}`
  const on = targetsIn(step) === '' ? '' : ` on ${targetsIn(step)}`
  const head = `${String(number).padStart(3)}  ${paint.name(step.id)}${title}  ${paint.faint(`${step.kind}${on}`)}`
  const facts: readonly (readonly [string, readonly string[]])[] = [
    ['does', step.preview],
    ['size', estimateWords(estimate)],
    ['locks', step.locks.map((lock) => `${lock.mode} on ${lock.object}, ${lock.holds}`)],
    ['undo', [undoWords(step)]],
    ['guards', step.guards.map((guard) => `${guard.id} (${guard.kind})`)],
    ['asks', step.approval === undefined ? [] : [`"${step.approval}"`]],
  ]
  const lines = facts.flatMap(([name, values]) =>
    values
      .flatMap((value) => wrap(value, Math.max(20, width - 13)))
      .map((line, index) => `     ${paint.faint(pad(index === 0 ? name : '', 6))}  ${line}`),
  )
  return [head, ...lines]
}

/** `100,000 rows, 24 MB, about 3 s`, or nothing. */
export function estimateWords(estimate: Estimate | undefined): readonly string[] {
  if (!estimate) return []
  const words = [
    ...(estimate.rows === undefined ? [] : [`${count(estimate.rows)} rows`]),
    ...(estimate.bytes === undefined ? [] : [bytes(estimate.bytes)]),
    ...(estimate.seconds === undefined ? [] : [`about ${duration(estimate.seconds * 1000)}`]),
  ]
  return [words.join(', ')]
}

const undoMeaning = {
  exact: 'exact',
  lossy: 'lossy: not everything comes back',
  none: 'none: cannot be turned back',
} as const

function undoWords(step: PlannedStep): string {
  return `${undoMeaning[step.undo]}${step.parts.length === 0 ? '' : ` · part ${step.parts.join(', ')}`}`
}

function titled(title: string, lines: readonly string[], paint: Paint): readonly string[] {
  return lines.length === 0 ? [] : [paint.strong(title), ...lines]
}

function riskLines(plan: Plan, paint: Paint, width: number): readonly string[] {
  return (askedOf(plan).risks ?? []).flatMap((each) => [
    ...wrap(each.risk, width - 4).map((line, index) => `${index === 0 ? '  • ' : '    '}${line}`),
    ...wrap(`mitigation: ${each.mitigation}`, width - 4).map((line) => `    ${paint.faint(line)}`),
    ...wrap(`recovery: ${each.recovery}`, width - 4).map((line) => `    ${paint.faint(line)}`),
  ])
}

/** Sentences about the way back, shared with Markdown and the report. */
export function wayBackSentences(plan: Pick<Plan, 'steps' | 'backFirst'>): readonly string[] {
  const back = wayBack(plan)
  const ids = (steps: readonly PlannedStep[]): string => steps.map((step) => step.id).join(', ')
  return [
    ...(back.order.length === 0 ? [] : [`undone in this order: ${ids(back.order)}`]),
    ...(back.lossy.length === 0 ? [] : [`not everything comes back from: ${ids(back.lossy)}`]),
    ...back.sealed.map((step) => `after "${step.id}" there is no way back past it`),
    ...back.parts.map(({ part, steps }) => `part "${part}" alone: ${ids(steps) || 'nothing to undo'}`),
  ]
}

function wayBackLines(plan: Plan, width: number): readonly string[] {
  return listLines(wayBackSentences(plan), width)
}

function listLines(items: readonly string[], width: number): readonly string[] {
  return items.flatMap((item) => wrap(item, width - 4).map((line, index) => `${index === 0 ? '  • ' : '    '}${line}`))
}

function checkLines(plan: Plan, state: RunState | undefined, width: number): readonly string[] {
  return checklistOf(plan, state).flatMap((each) => {
    const by = each.step === undefined ? 'a person ticks it' : `ticked by "${each.step}"`
    return wrap(`${each.item} (${by})`, width - 6).map(
      (line, index) => `  ${index === 0 ? (each.ticked ? '[x]' : '[ ]') : '   '} ${line}`,
    )
  })
}

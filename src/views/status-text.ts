/** A run on one screen: where it is, how fast, why slow, what it waits for and what to type. Knows no journal. */
import type { RunState, Standing, StepState } from '../core/run.ts'
import { type Advice, adviceFor } from './advice.ts'
import { bar } from './bar.ts'
import { commandLines } from './command-lines.ts'
import { distinct, paintOf } from './finding-text.ts'
import type { Pace } from './pace.ts'
import { fit, pad, type Paint, plain, wrap } from './paint.ts'
import { type Progress, progressOf } from './progress.ts'
import { stagesOf } from './plan-parts.ts'
import { count, duration, millis, percent, rate } from './words.ts'

export interface StatusOptions {
  readonly pace?: Pace | undefined
  /** Milliseconds since 1970. */
  readonly now: number
  readonly paint?: Paint
  readonly width?: number
  /** What follows every command that is proposed, such as `-f other.yaml`. */
  readonly commandOptions?: string
  /** Nobody drives the run, though it has something to do. */
  readonly runnerGone?: boolean | undefined
}

export const phaseWords: Readonly<Record<Standing, string>> = {
  running: 'running',
  'turning-back': 'turning back',
  paused: 'paused',
  'awaiting-approval': 'waits for approval',
  failed: 'failed',
  done: 'done',
  'rolled-back': 'rolled back',
  aborted: 'aborted',
  interrupted: 'interrupted',
}

export function statusText(run: string, state: RunState, options: StatusOptions): string {
  const { pace, now, paint = plain, width = 100, commandOptions = '', runnerGone } = options
  const progress = progressOf(state, pace, now, { runnerGone })
  const sections = [
    [...headLines(run, state, progress, now, paint)],
    stageStrip(state, paint, width),
    stepLines(progress, state, paint, width),
    findingLines(state, paint, width),
  ]
  const whole = sections.map((lines) => lines.map((line) => fit(line, width)))
  const text = [...whole, adviceLines(adviceFor(state, commandOptions, runnerGone), paint, width)].filter(
    (lines) => lines.length > 0,
  )
  return `${text.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function paintPhase(at: Standing, paint: Paint): (text: string) => string {
  if (at === 'done') return paint.good
  if (at === 'failed' || at === 'aborted' || at === 'interrupted') return paint.bad
  return at === 'running' ? paint.name : paint.warn
}

function headLines(run: string, state: RunState, progress: Progress, now: number, paint: Paint): readonly string[] {
  const { plan } = state
  const at = paintPhase(progress.phase, paint)(phaseWords[progress.phase])
  const since = duration(Math.max(0, (state.outcome ? millis(state.changedAt) : now) - millis(state.openedAt)))
  const last = duration(Math.max(0, now - millis(state.changedAt)))
  const who = state.owner ? ` · runner ${state.owner.user}@${state.owner.host} (${state.owner.pid})` : ''
  return [
    `${paint.strong(run)}  ${plan.name} ${plan.from} → ${plan.to}  ${at}${wayWords(state)}`,
    paint.faint(
      `${progress.applied} of ${progress.steps} steps applied · ${since} since it was opened · last event ${last} ago${who}`,
    ),
  ]
}

function wayWords(state: RunState): string {
  if (state.outcome) return ''
  if (state.aborted !== undefined) return `: ${state.aborted}`
  if (state.way === 'forward') return state.until === undefined ? '' : `, until "${state.until}"`
  const to = state.to === undefined ? '' : ` to "${state.to}"`
  const part = state.part === undefined ? '' : ` part "${state.part}"`
  return `${to}${part}: ${state.why ?? ''}`
}

const signs: Readonly<Record<StepState['status'], string>> = {
  waiting: '·',
  applying: '▸',
  applied: '✓',
  failed: '✗',
  undoing: '◂',
}

/** A line for each stage, a sign for each step. */
function stageStrip(state: RunState, paint: Paint, width: number): readonly string[] {
  const stages = stagesOf(state.plan)
  const names = Math.min(32, Math.max(...stages.map((stage) => stage.name.length)))
  const by = new Map(state.steps.map((step) => [step.plan.id, step.status]))
  return stages.map((stage) => {
    const all = stage.steps.map((step) => by.get(step.id) ?? 'waiting')
    const drawn = all.map((status) => paintSign(status, paint)(signs[status])).join('')
    const applied = all.filter((status) => status === 'applied').length
    return fit(`  ${pad(fit(stage.name, names), names)}  ${drawn}  ${paint.faint(`${applied}/${all.length}`)}`, width)
  })
}

function paintSign(status: StepState['status'], paint: Paint): (text: string) => string {
  if (status === 'applied') return paint.good
  if (status === 'failed') return paint.bad
  return status === 'undoing' ? paint.warn : status === 'applying' ? paint.name : paint.faint
}

function stepLines(progress: Progress, state: RunState, paint: Paint, width: number): readonly string[] {
  const { step } = progress
  if (!step || state.outcome) return []
  const verb = progress.verb === 'rollback' ? 'undo ' : ''
  const title = step.plan.title === step.plan.id ? '' : `  ${step.plan.title}`
  const head = `${verb}step ${progress.number} of ${progress.steps}  ${paint.name(step.plan.id)}${title}`
  const lines = [head, ...progressLines(progress, paint, Math.min(40, width - 50))]
  if (progress.note !== undefined) lines.push(paint.warn(progress.note))
  const guards = guardWords(progress, state)
  if (guards !== '') lines.push(...wrap(guards, width).map(paint.faint))
  if (step.error) lines.push(...wrap(`${step.error.code}: ${step.error.message}`, width).map(paint.bad))
  if (step.error && step.error.help !== '') lines.push(...wrap(`→ ${step.error.help}`, width))
  return lines
}

/** Who watches the step: guards do while a runner applies it or waits for a person, and never while a person paused it or it goes back. */
function guardWords({ step, phase: at, verb }: Progress, { stands }: RunState): string {
  const guards = (step?.plan.guards ?? []).map((guard) => guard.id).join(', ')
  if (guards === '' || verb === 'rollback') return ''
  if (stands !== undefined) return `guards, while its runner stays: ${guards}`
  return at === 'running' || at === 'awaiting-approval' ? `guards: ${guards}` : `guards, at rest: ${guards}`
}

/** The bar with counts, and below it rates and time left; each only where it is known. */
export function progressLines(progress: Progress, paint: Paint, width: number): string[] {
  const { done, of, unit = '', speed, leftMs } = progress
  const all = allLeftWords(progress)
  if (done === undefined) return all
  const share = of === undefined || of === 0 ? undefined : done / of
  const drawn = share === undefined ? '' : `${paint.name(bar(share, Math.max(10, width)))}  ${percent(share)}  `
  const amount = of === undefined ? count(done) : `${count(done)} of ${count(of)}`
  const parts = [
    ...(speed === undefined ? [] : [`${rate(speed.recent, unit)} now, ${rate(speed.overall, unit)} overall`]),
    ...(leftMs === undefined ? [] : [`${leftWords(leftMs)} left in this step`]),
    ...all,
  ]
  return [`${drawn}${amount} ${unit}`.trimEnd(), ...(parts.length === 0 ? [] : [parts.join(' · ')])]
}

/** A guess is no stop watch. */
function leftWords(ms: number): string {
  return ms < 1000 ? 'less than 1 s' : duration(ms)
}

/** Nothing where so little is known that no second is left. */
function allLeftWords({ allLeftMs, atLeast }: Progress): string[] {
  if (allLeftMs === undefined || (atLeast && allLeftMs < 1000)) return []
  return [`${allLeftMs < 1000 ? '' : atLeast ? 'at least ' : 'about '}${leftWords(allLeftMs)} left in all`]
}

/** The last findings that matter: notes only when there is nothing else. */
function findingLines(state: RunState, paint: Paint, width: number): readonly string[] {
  const found = distinct(state.findings)
  const loud = found.filter((finding) => finding.level !== 'note')
  const shown = (loud.length > 0 ? loud : found).slice(-3)
  return shown.map((finding) => {
    const at = finding.at?.step === undefined ? '' : ` at ${finding.at.step}`
    return fit(
      `  ${paintOf(finding.level, paint)(pad(finding.level, 5))}  ${finding.code}${at}: ${finding.message}`,
      width,
    )
  })
}

function adviceLines(advice: Advice, paint: Paint, width: number): readonly string[] {
  const waits = advice.waits === '' ? [] : wrap(`waits for ${advice.waits}`, width).map(paint.warn)
  return [...waits, ...commandLines(advice.commands, width, paint)]
}

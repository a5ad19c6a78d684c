/** All that a report says about a run, as data: HTML, Markdown and JSON are made from it. Only what the events and the caller measured. */
import type { Event } from '../core/event.ts'
import type { Finding } from '../core/finding.ts'
import { fold, phase, type Phase, type RunState, type StepState } from '../core/run.ts'
import { ChangeoverError } from '../core/errors.ts'
import { type Estimate, expectations } from './estimate.ts'
import { distinct } from './finding-text.ts'
import { type Figures, figuresIn } from './figures.ts'
import { askedOf, type ChecklistItem, checklistOf, stagesOf, targetsIn } from './plan-parts.ts'
import { wayBackSentences } from './plan-text.ts'
import { type Idle, idlesOf, type Span, spansOf, workedMs } from './spans.ts'
import { millis } from './words.ts'

export interface StepReport {
  readonly id: string
  readonly title: string
  readonly kind: string
  readonly on: string
  readonly undo: string
  readonly status: StepState['status']
  readonly estimate?: Estimate
  /** Milliseconds worked; absent when the verb never ran. */
  readonly appliedMs?: number
  readonly undoneMs?: number
  /** What the last counted mark of `apply` said. */
  readonly amount?: { readonly done: number; readonly unit: string }
  readonly error?: string
}

export interface ApprovalReport {
  readonly step: string
  readonly ask: string
  readonly askedAt: string
  readonly given?: { readonly at: string; readonly by: string; readonly note: string }
}

/** A turn of the way, and what was undone after it. */
export interface TurnReport {
  readonly at: string
  readonly why: string
  readonly by: string
  readonly to?: string
  readonly part?: string
  readonly undone: readonly { readonly step: string; readonly ms: number }[]
}

export interface Report {
  readonly run: string
  readonly name: string
  readonly from: string
  readonly to: string
  readonly hash: string
  readonly phase: Phase
  /** Why it is paused, when it is. */
  readonly pausedFor?: string
  readonly openedAt: string
  readonly changedAt: string
  readonly openedBy: string
  /** Milliseconds from the first to the last event, and those in which a step worked. */
  readonly lastedMs: number
  readonly workedMs: number
  readonly figures: Figures
  readonly stages: readonly { readonly name: string; readonly steps: readonly StepReport[] }[]
  readonly spans: readonly Span[]
  readonly idles: readonly Idle[]
  readonly findings: readonly Finding[]
  readonly approvals: readonly ApprovalReport[]
  readonly turns: readonly TurnReport[]
  readonly wayBack: readonly string[]
  readonly risks: readonly { readonly risk: string; readonly mitigation: string; readonly recovery: string }[]
  readonly communication: readonly string[]
  readonly checklist: readonly ChecklistItem[]
  readonly events: readonly Event[]
}

/** `figures` are measurements of the caller; they win over those in findings. Throws `run.not-found` when there are no events. */
export function makeReport(run: string, events: readonly Event[], figures: Figures = {}): Report {
  const state = fold(events)
  const first = events[0]
  if (!state || first?.type !== 'run.opened') {
    throw new ChangeoverError('run.not-found', `run "${run}" has no events`, 'run `changeover events --run RUN`')
  }
  const spans = spansOf(events)
  const worked = spans.reduce((sum, span) => sum + span.to - span.from, 0)
  const asked = askedOf(state.plan)
  const { name, from, to, hash } = state.plan
  return {
    run,
    name,
    from,
    to,
    hash,
    phase: phase(state),
    ...(state.paused === undefined ? {} : { pausedFor: state.paused }),
    openedAt: state.openedAt,
    changedAt: state.changedAt,
    openedBy: `${first.by.user}@${first.by.host}`,
    lastedMs: millis(state.changedAt) - millis(state.openedAt),
    workedMs: worked,
    figures: { ...rowsMoved(events, spans), ...figuresIn(state.findings), ...figures },
    stages: stageReports(state, events, spans),
    spans,
    idles: idlesOf(events, spans, Math.max(1000, worked / 50)),
    findings: distinct(state.findings),
    approvals: approvalsOf(events),
    turns: turnsOf(events, spans),
    wayBack: wayBackSentences(state.plan),
    risks: asked.risks ?? [],
    communication: asked.communication ?? [],
    checklist: checklistOf(state.plan, state),
    events,
  }
}

function stageReports(state: RunState, events: readonly Event[], spans: readonly Span[]): Report['stages'] {
  const by = expectations(events)
  const steps = new Map(state.steps.map((step) => [step.plan.id, step]))
  return stagesOf(state.plan).map((stage) => ({
    name: stage.name,
    steps: stage.steps.map((plan): StepReport => {
      const estimate = by.get(plan.id)
      const step = steps.get(plan.id)
      const applied = workedMs(spans, plan.id, 'apply')
      const undone = workedMs(spans, plan.id, 'rollback')
      const amount = amountOf(events, plan.id)
      const error = lastError(events, plan.id)
      return {
        id: plan.id,
        title: plan.title,
        kind: plan.kind,
        on: targetsIn(plan),
        undo: plan.undo,
        status: step?.status ?? 'waiting',
        ...(estimate === undefined ? {} : { estimate }),
        ...(applied === undefined ? {} : { appliedMs: applied }),
        ...(undone === undefined ? {} : { undoneMs: undone }),
        ...(amount === undefined ? {} : { amount }),
        ...(error === undefined ? {} : { error }),
      }
    }),
  }))
}

function amountOf(events: readonly Event[], step: string): StepReport['amount'] {
  const mark = events.findLast(
    (each) =>
      each.type === 'step.marked' && each.step === step && each.verb === 'apply' && each.mark?.done !== undefined,
  )
  if (mark?.type !== 'step.marked' || mark.mark?.done === undefined) return undefined
  return { done: mark.mark.done, unit: mark.mark.unit ?? '' }
}

function lastError(events: readonly Event[], step: string): string | undefined {
  const failed = events.findLast((each) => each.type === 'step.failed' && each.step === step)
  return failed?.type === 'step.failed' ? `${failed.error.code}: ${failed.error.message}` : undefined
}

/** Rows counted by marks of all steps that count rows, and their rate over the time those steps worked. */
function rowsMoved(events: readonly Event[], spans: readonly Span[]): Figures {
  const ids = [...new Set(spans.map((span) => span.step))]
  const counted = ids.flatMap((step) => {
    const amount = amountOf(events, step)
    return amount?.unit === 'rows' ? [{ rows: amount.done, ms: workedMs(spans, step, 'apply') ?? 0 }] : []
  })
  if (counted.length === 0) return {}
  const rows = counted.reduce((sum, each) => sum + each.rows, 0)
  const ms = counted.reduce((sum, each) => sum + each.ms, 0)
  return ms === 0 ? { rows } : { rows, rowsPerSecond: rows / (ms / 1000) }
}

function approvalsOf(events: readonly Event[]): readonly ApprovalReport[] {
  const asked = events.filter((event) => event.type === 'approval.asked')
  return asked.map((ask) => {
    const given = events.find(
      (event) => event.type === 'approval.given' && event.step === ask.step && event.seq > ask.seq,
    )
    const by = given?.type === 'approval.given' ? given : undefined
    return {
      step: ask.step,
      ask: ask.ask,
      askedAt: ask.at,
      ...(by === undefined ? {} : { given: { at: by.at, by: `${by.by.user}@${by.by.host}`, note: by.note } }),
    }
  })
}

function turnsOf(events: readonly Event[], spans: readonly Span[]): readonly TurnReport[] {
  const turns = events.filter((event) => event.type === 'run.turned' && event.way === 'back')
  return turns.flatMap((turn, index) => {
    if (turn.type !== 'run.turned') return []
    const until = turns[index + 1]
    const ends = until === undefined ? Infinity : millis(until.at)
    const own = spans.filter(
      (span) => span.verb === 'rollback' && span.end === 'finished' && span.from >= millis(turn.at) && span.from < ends,
    )
    return [
      {
        at: turn.at,
        why: turn.why,
        by: `${turn.by.user}@${turn.by.host}`,
        ...(turn.to === undefined ? {} : { to: turn.to }),
        ...(turn.part === undefined ? {} : { part: turn.part }),
        undone: own.map((span) => ({ step: span.step, ms: span.to - span.from })),
      },
    ]
  })
}

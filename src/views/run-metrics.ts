/** A run as metrics: what `changeover exporter` shows Prometheus. A fold of the journal like every other view. */
import type { Level } from '../core/finding.ts'
import { type Phase, phase, type RunState, type StepState } from '../core/run.ts'
import type { Family, Sample } from '../metrics/index.ts'
import type { Pace } from './pace.ts'
import { progressOf } from './progress.ts'

const phases: readonly Phase[] = [
  'running',
  'awaiting-approval',
  'paused',
  'failed',
  'turning-back',
  'done',
  'rolled-back',
  'aborted',
]
const levels: readonly Level[] = ['note', 'risk', 'block']
const statuses: readonly StepState['status'][] = ['waiting', 'applying', 'applied', 'failed', 'undoing']

/** `now` in milliseconds since 1970. Times are in seconds, as Prometheus counts them. */
export function runMetrics(run: string, state: RunState, pace: Pace | undefined, now: number): readonly Family[] {
  const own = { run, plan: state.plan.name }
  const at = phase(state)
  const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name: `changeover_${name}`,
    help,
    type: 'gauge',
    samples: samples.map(({ labels, value }) => ({ labels: { ...own, ...labels }, value })),
  })
  return [
    gauge('run_info', 'The run, and what it goes from and to.', [
      { labels: { from: state.plan.from, to: state.plan.to }, value: 1 },
    ]),
    gauge('run_phase', '1 for the phase that the run is in.', flagged('phase', phases, at)),
    gauge('run_waits_for_person', '1 while nothing goes on without a person.', [
      { value: Number(at === 'awaiting-approval' || at === 'paused' || at === 'failed') },
    ]),
    gauge('run_held', '1 while the plan is not run again before a person releases it.', [
      { value: Number(state.held !== undefined) },
    ]),
    gauge('run_opened_timestamp_seconds', 'When the run was opened.', [{ value: Date.parse(state.openedAt) / 1000 }]),
    gauge('run_changed_timestamp_seconds', 'When its last event happened.', [
      { value: Date.parse(state.changedAt) / 1000 },
    ]),
    gauge('run_events', 'Events of the journal.', [{ value: state.seq }]),
    gauge(
      'run_steps',
      'Steps by status.',
      statuses.map((status) => ({
        labels: { status },
        value: state.steps.filter((step) => step.status === status).length,
      })),
    ),
    gauge(
      'run_findings',
      'Findings by level.',
      levels.map((level) => ({
        labels: { level },
        value: state.findings.filter((each) => each.level === level).length,
      })),
    ),
    ...underWay(state, pace, now).map(({ name, help, samples }) => gauge(name, help, samples)),
    gauge('step_seconds', 'How long a step took that has ended.', state.steps.flatMap(taken)),
  ]
}

function flagged<T extends string>(label: string, all: readonly T[], one: T): readonly Sample[] {
  return all.map((each) => ({ labels: { [label]: each }, value: Number(each === one) }))
}

/** The step under way: absent where there is none, or where it has no count. */
function underWay(
  state: RunState,
  pace: Pace | undefined,
  now: number,
): readonly { readonly name: string; readonly help: string; readonly samples: readonly Sample[] }[] {
  const { step, done, of, unit = '', speed, leftMs, allLeftMs } = progressOf(state, pace, now)
  if (step === undefined || state.outcome !== undefined) return []
  const labels = { step: step.plan.id, kind: step.plan.kind, stage: step.plan.stage }
  const one = (value: number | undefined, more = {}): readonly Sample[] =>
    value === undefined ? [] : [{ labels: { ...labels, ...more }, value }]
  return [
    { name: 'step_info', help: 'The step under way, or next.', samples: one(1, { status: step.status }) },
    { name: 'step_done', help: 'What it has done.', samples: one(done, { unit }) },
    { name: 'step_of', help: 'Of how many.', samples: one(of, { unit }) },
    { name: 'step_rate_per_second', help: 'How fast it was lately.', samples: one(speed?.recent, { unit }) },
    {
      name: 'step_left_seconds',
      help: 'Time left in it, estimated.',
      samples: one(leftMs === undefined ? undefined : leftMs / 1000),
    },
    {
      name: 'run_left_seconds',
      help: 'Time left in all, estimated.',
      samples: allLeftMs === undefined ? [] : [{ value: allLeftMs / 1000 }],
    },
  ]
}

function taken({ plan, startedAt, endedAt }: StepState): readonly Sample[] {
  if (startedAt === undefined || endedAt === undefined) return []
  const value = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000
  return [{ labels: { step: plan.id, kind: plan.kind, stage: plan.stage }, value }]
}

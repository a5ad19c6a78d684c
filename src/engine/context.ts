/** What a kind is given: its targets by role, clock and signal, and what other steps left. Knows no journal. */
import type { Crew, PortName, Reading, Roles, Target, Writing } from '../core/index.ts'
import type { RunState, StepState } from '../core/run.ts'
import { hire } from './crew.ts'
import { loadFunction } from './load.ts'
import type { Shift } from './shift.ts'

export async function readingContext(shift: Shift, step: StepState, signal: AbortSignal): Promise<Reading<Roles>> {
  return { ...common(shift, step, signal), on: (await portsOf(shift, step, 'read')) as Reading<Roles>['on'] }
}

export async function writingContext(shift: Shift, step: StepState, signal: AbortSignal): Promise<Writing<Roles>> {
  const context: Writing<Roles> = {
    ...common(shift, step, signal),
    on: (await portsOf(shift, step, 'write')) as Writing<Roles>['on'],
    approval: step.approval,
    wishes: shift.record.state.wishes,
    quit: new AbortController().signal,
    hire: (hands, where): Crew => hire(shift, step, context, hands, where),
  }
  return context
}

function common(shift: Shift, step: StepState, signal: AbortSignal) {
  const { bench, record } = shift
  const { name, from, to } = record.state.plan
  return {
    run: record.run,
    step: step.plan.id,
    clock: bench.clock,
    signal,
    // The state's own mark, not the caller's: `verify` comes right after `apply` yielded its last.
    applied: record.state.steps.find((each) => each.plan.id === step.plan.id)?.applied ?? null,
    recall: (id: string) => recall(record.state, id),
    load: (reference: string) => loadFunction(bench.base, reference),
    plan: { name, from, to },
  }
}

function recall(state: RunState, id: string) {
  const step = state.steps.find((each) => each.plan.id === id)
  return step?.status === 'applied' ? step.applied?.at : undefined
}

async function portsOf(shift: Shift, step: StepState, side: 'read' | 'write') {
  const opened = Object.entries(step.plan.on).map(async ([role, name]) => {
    const target: Target<PortName> = await shift.targets.get(name)
    return [role, target[side]] as const
  })
  return Object.fromEntries(await Promise.all(opened))
}

/** Keeps applied steps going that need a process to: while a run is driven, and in `changeover worker` for as long as it is let. Decides nothing. */
import { risk } from '../core/finding.ts'
import type { RunState, StepState } from '../core/run.ts'
import { writingContext } from './context.ts'
import { kindOf, recordOf, type Shift } from './shift.ts'

export interface Followers {
  /** Starts those of steps that are applied now, ends those of steps that no longer are, or are about to be turned back. */
  tend(state: RunState, leaving?: StepState): Promise<void>
  /** Whether any step needs one. */
  needed(state: RunState): boolean
  close(): Promise<void>
}

interface Follower {
  readonly quit: AbortController
  readonly ended: Promise<void>
}

export function openFollowers(shift: Shift): Followers {
  const running = new Map<string, Follower>()
  const wanted = (state: RunState) =>
    state.steps.filter(
      (step) => step.status === 'applied' && shift.bench.kinds.get(step.plan.kind)?.follow !== undefined,
    )
  const end = async (id: string) => {
    const follower = running.get(id)
    running.delete(id)
    follower?.quit.abort()
    await follower?.ended
  }
  return {
    needed: (state) => wanted(state).length > 0,
    tend: async (state, leaving) => {
      const due = wanted(state).filter((step) => step.plan.id !== leaving?.plan.id)
      for (const id of running.keys()) if (!due.some((step) => step.plan.id === id)) await end(id)
      for (const step of due) if (!running.has(step.plan.id)) running.set(step.plan.id, start(shift, step))
    },
    close: async () => {
      for (const id of running.keys()) await end(id)
    },
  }
}

function start(shift: Shift, step: StepState): Follower {
  const quit = new AbortController()
  const follow = async () => {
    const context = await writingContext(shift, step, shift.stop)
    await kindOf(shift, step).follow?.(step.plan.work, { ...context, quit: quit.signal })
  }
  // What it leaves undone waits in the target: nothing is lost, but somebody must know.
  const ended = follow().catch(async (error: unknown) => {
    if (quit.signal.aborted || shift.stop.aborted) return
    const { message, help } = recordOf(error)
    const finding = risk('follow.stopped', `step "${step.plan.id}" is no longer kept going: ${message}`, help)
    await shift.record.append({ type: 'finding.made', finding: { ...finding, at: { step: step.plan.id } } })
  })
  return { quit, ended }
}

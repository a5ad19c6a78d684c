/** Hands for a kind's `labour`: beside `apply` in this thread, or in threads of their own that open the targets for themselves. Knows no chunk. */
import { Worker } from 'node:worker_threads'
import { ChangeoverError } from '../core/errors.ts'
import type { Crew, Roles, Writing } from '../core/index.ts'
import type { Json } from '../core/json.ts'
import type { StepState } from '../core/run.ts'
import { kindOf, type Shift } from './shift.ts'

/** All a thread needs to take part: plain data. The configurations hold secrets, and never leave this process. */
export interface Orders {
  readonly registry: string
  readonly kind: string
  readonly work: Json
  readonly run: string
  readonly step: string
  readonly fence: number
  readonly base: string
  readonly plan: { readonly name: string; readonly from: string; readonly to: string }
  readonly wishes: Writing<Roles>['wishes']
  readonly targets: { readonly [role: string]: { readonly adapter: string; readonly config: unknown } }
  readonly outputs: { readonly [step: string]: Json }
}

export type ThreadAnswer =
  | { readonly ended: true }
  | { readonly failed: { readonly code: string; readonly message: string; readonly help: string } }

export function hire(
  shift: Shift,
  step: StepState,
  context: Writing<Roles>,
  hands: number,
  where: 'here' | 'threads',
): Crew {
  const quit = new AbortController()
  const each =
    where === 'here'
      ? () => labourHere(shift, step, context, quit.signal)
      : () => labourInThread(shift, step, context.signal, quit.signal)
  const all = Array.from({ length: hands }, each)
  // One hand that fails ends the others at their next boundary; the first failure is the crew's.
  const ended = Promise.all(
    all.map((hand) => hand.catch((error: unknown) => (quit.abort(), Promise.reject(error as Error)))),
  ).then(() => undefined)
  ended.catch(() => undefined)
  return {
    ended,
    dismiss: async () => {
      quit.abort()
      await Promise.allSettled(all)
    },
  }
}

async function labourHere(shift: Shift, step: StepState, context: Writing<Roles>, quit: AbortSignal): Promise<void> {
  await kindOf(shift, step).labour?.(step.plan.work, { ...context, quit })
}

function labourInThread(shift: Shift, step: StepState, stop: AbortSignal, quit: AbortSignal): Promise<void> {
  const thread = new Worker(new URL('./thread.js', import.meta.url), {
    workerData: ordersOf(shift, step),
    execArgv: [],
  })
  const tell = (word: 'quit' | 'stop') => () => thread.postMessage(word)
  const [onQuit, onStop] = [tell('quit'), tell('stop')]
  quit.addEventListener('abort', onQuit, { once: true })
  stop.addEventListener('abort', onStop, { once: true })
  return new Promise<void>((resolve, reject) => {
    thread.once('error', reject)
    thread.once('exit', (code) => reject(new Error(`a worker thread ended with code ${code}`)))
    thread.once('message', (answer: ThreadAnswer) => {
      if ('ended' in answer) resolve()
      else reject(new ChangeoverError(answer.failed.code as 'target.failed', answer.failed.message, answer.failed.help))
    })
    if (quit.aborted) onQuit()
    if (stop.aborted) onStop()
  }).finally(async () => {
    quit.removeEventListener('abort', onQuit)
    stop.removeEventListener('abort', onStop)
    await thread.terminate()
  })
}

function ordersOf(shift: Shift, step: StepState): Orders {
  const { bench, record, targets } = shift
  const { state } = record
  return {
    registry: bench.registry,
    kind: step.plan.kind,
    work: step.plan.work,
    run: record.run,
    step: step.plan.id,
    fence: targets.fence,
    base: bench.base,
    plan: { name: state.plan.name, from: state.plan.from, to: state.plan.to },
    wishes: state.wishes,
    targets: Object.fromEntries(Object.entries(step.plan.on).map(([role, name]) => [role, targets.config(name)])),
    outputs: Object.fromEntries(
      state.steps.flatMap((each) =>
        each.status === 'applied' && each.applied ? [[each.plan.id, each.applied.at]] : [],
      ),
    ),
  }
}

/** `changeover worker`: takes part, from any machine, in the labour of the step that the runner is at. Appends no event; the target's chunks are the record. */
import { ChangeoverError } from '../core/errors.ts'
import { fold, type RunState, type StepState } from '../core/run.ts'
import type { Bench } from './bench.ts'
import { hire } from './crew.ts'
import { writingContext } from './context.ts'
import { Record } from './record.ts'
import type { Shift } from './step.ts'
import { openTargets } from './targets.ts'

export interface WorkOptions {
  readonly hands: number
  /** Aborted to leave at the next boundary. */
  readonly stop: AbortSignal
  readonly onNote?: (line: string) => void
}

/** Joins each step that has labour as it comes, and leaves when the run rests or ends. */
export async function work(bench: Bench, run: string, options: WorkOptions): Promise<void> {
  const done = new Set<string>()
  for (;;) {
    const state = fold(await bench.journal.read(run))
    if (!state)
      throw new ChangeoverError('run.not-found', `there is no run "${run}"`, 'start one with `changeover run`')
    if (options.stop.aborted || state.outcome || state.paused !== undefined) return
    const step = labouring(bench, state, done)
    if (step) {
      options.onNote?.(`taking part in step "${step.plan.id}"`)
      const record = await Record.open({
        journal: bench.journal,
        run,
        redact: (what) => bench.secrets.redactEvent(what),
      })
      await takePart(bench, record, step, options)
      done.add(step.plan.id)
    } else await bench.clock.sleep(200, options.stop).catch(() => undefined)
  }
}

function labouring(bench: Bench, state: RunState, done: ReadonlySet<string>): StepState | undefined {
  const step = state.steps.find((each) => each.status === 'applying')
  return step && !done.has(step.plan.id) && bench.kinds.get(step.plan.kind)?.labour ? step : undefined
}

async function takePart(bench: Bench, record: Record, step: StepState, options: WorkOptions): Promise<void> {
  const halt = new AbortController()
  // Under the runner's own fence: a hand goes when its runner is fenced out.
  const { fence, identities } = record.state
  const targets = openTargets(bench, { run: record.run, fence, joins: true, signal: halt.signal, identities })
  const shift: Shift = { bench, record, targets, stop: halt.signal }
  try {
    const crew = hire(shift, step, await writingContext(shift, step, halt.signal), options.hands, 'threads')
    const leave = () => void crew.dismiss()
    options.stop.addEventListener('abort', leave, { once: true })
    const watch = followPause(bench, record, () => crew.dismiss(), halt.signal)
    await crew.ended.finally(() => {
      halt.abort(new Error('the labour ended'))
      options.stop.removeEventListener('abort', leave)
    })
    await watch
  } finally {
    halt.abort(new Error('the labour ended'))
    await targets.close()
  }
}

async function followPause(
  bench: Bench,
  record: Record,
  dismiss: () => Promise<void>,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    await bench.clock.sleep(200, over).catch(() => undefined)
    if (over.aborted) return
    const state = await record.sync()
    if (state.paused !== undefined || state.outcome || state.way === 'back' || state.aborted !== undefined)
      return dismiss()
  }
}

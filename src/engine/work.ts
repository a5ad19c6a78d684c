/** `changeover worker`: takes part, from any machine, in the labour of the step that the runner is at. Appends no event; the target's chunks are the record. */
import { next, type RunState, type StepState } from '../core/run.ts'
import type { Bench } from './bench.ts'
import { hire } from './crew.ts'
import { writingContext } from './context.ts'
import { type Followers, openFollowers } from './followers.ts'
import { Record } from './record.ts'
import type { Shift } from './shift.ts'
import { openTargets, type Targets } from './targets.ts'

export interface WorkOptions {
  readonly hands: number
  /** Aborted to leave at the next boundary. */
  readonly stop: AbortSignal
  readonly onNote?: (line: string) => void
}

/**
 * Joins each step that has labour as it comes, keeps applied steps going that need a process to (`follow`), and leaves when the run rests with
 * nothing to keep going, or when it is told to.
 */
export async function work(bench: Bench, run: string, options: WorkOptions): Promise<void> {
  const record = await Record.open({ journal: bench.journal, run, redact: (what) => bench.secrets.redactEvent(what) })
  const post = openPost(bench, record)
  try {
    for (;;) {
      const state = await record.sync()
      if (options.stop.aborted || state.outcome === 'rolled-back' || state.outcome === 'aborted') return
      const kept = await post.tend(state)
      const step = labouring(bench, state)
      if (step) {
        options.onNote?.(`taking part in step "${step.plan.id}"`)
        await takePart(bench, record, step, options)
      }
      if (!kept && (state.outcome || state.paused !== undefined)) return
      await bench.clock.sleep(200, options.stop).catch(() => undefined)
    }
  } finally {
    await post.close()
  }
}

/** Where followers stand: under the fence of the runner there is, and opened anew when another takes over. */
function openPost(bench: Bench, record: Record) {
  let fence = -1
  let halt = new AbortController()
  let targets: Targets | undefined
  let followers: Followers | undefined
  const close = async () => {
    await followers?.close()
    halt.abort(new Error('the post was left'))
    await targets?.close()
    followers = targets = undefined
  }
  return {
    close,
    /** Whether there is something to keep going. */
    tend: async (state: RunState): Promise<boolean> => {
      if (state.fence !== fence) {
        await close()
        fence = state.fence
        halt = new AbortController()
        targets = openTargets(bench, {
          run: record.run,
          fence,
          joins: true,
          signal: halt.signal,
          identities: state.identities,
        })
        followers = openFollowers({ bench, record, targets, stop: halt.signal })
      }
      const task = next(state)
      await followers?.tend(state, task.do === 'rollback' ? task.step : undefined)
      return followers?.needed(state) ?? false
    },
  }
}

function labouring(bench: Bench, state: RunState): StepState | undefined {
  if (state.outcome || state.paused !== undefined || state.way === 'back') return undefined
  const step = state.steps.find((each) => each.status === 'applying')
  return step && bench.kinds.get(step.plan.kind)?.labour ? step : undefined
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

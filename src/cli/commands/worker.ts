/** `changeover worker`: takes part, from this machine, in the labour of the step that is under way. */
import { availableParallelism } from 'node:os'
import { phase, type RunState } from '../../core/run.ts'
import { work } from '../../engine/index.ts'
import type { Common, Door } from '../door.ts'
import { findRun, readState } from '../journal.ts'
import { openBenchFor } from '../open.ts'
import { positive } from './wishes.ts'

export interface WorkerOptions extends Common {
  readonly hands?: string
}

export async function worker(options: WorkerOptions, door: Door): Promise<number> {
  const hands = options.hands === undefined ? availableParallelism() : positive('--hands', options.hands)
  const bench = await openBenchFor(options, door)
  const stop = new AbortController()
  const leave = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort(new Error('left'))
    door.err(
      'leaving at the next boundary; Ctrl-C again leaves at once, and the chunk under way is taken up by others\n',
    )
  }
  process.on('SIGINT', leave).on('SIGTERM', leave)
  try {
    const run = await findRun(bench.journal, options)
    const onNote = (line: string): void => door.out(door.json ? `${JSON.stringify({ note: line })}\n` : `${line}\n`)
    let took = false
    const onPart = (line: string): void => {
      took = true
      onNote(line)
    }
    await work(bench, run, { hands, stop: stop.signal, onNote: onPart })
    if (!took && !stop.signal.aborted) onNote(nothingToDo(run, await readState(bench.journal, run)))
    return 0
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave)
    await bench.close()
  }
}

function nothingToDo(run: string, state: RunState): string {
  return `no step of ${run} is under way that could be shared: the run is ${phase(state)}`
}

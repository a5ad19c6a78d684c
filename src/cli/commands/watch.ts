/** `changeover status --watch`: follows the run until it is closed. One screen is repainted; in a pipe there is a status for each change of phase or step. */
import type { Journal } from '../../core/event.ts'
import { evolve, type RunState, standing } from '../../core/run.ts'
import { evolvePace, type Pace } from '../../views/status.ts'
import { isRunnerGone } from '../attended.ts'
import type { Door } from '../door.ts'
import { repainter } from '../repaint.ts'

/** A status as it is shown now. */
export type Shown = (state: RunState, pace: Pace | undefined, runnerGone: boolean) => string

export async function watch(run: string, journal: Journal, shown: Shown, door: Door): Promise<number> {
  const end = new AbortController()
  const leave = (): void => end.abort(new Error('left'))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  const screen = door.live && !door.json ? repainter(door) : undefined
  let state: RunState | undefined
  let pace: Pace | undefined
  let gone = false
  let told = ''
  const tell = (): void => {
    if (!state) return
    if (screen) return screen.paint(shown(state, pace, gone))
    const now = `${standing(state, gone)} ${state.steps.map((step) => step.status).join(' ')}`
    if (now !== told) door.out(shown(state, pace, gone))
    told = now
  }
  // That a runner dies is no event.
  const look = async (): Promise<void> => {
    if (state) gone = await isRunnerGone(journal, run, state, door.now()).catch(() => gone)
    if (!end.signal.aborted) tell()
  }
  const ticking = setInterval(() => void look(), 500)
  try {
    const seen = (await journal.read(run)).length
    for await (const event of journal.tail(run, 0, end.signal)) {
      state = evolve(state, event)
      pace = evolvePace(pace, event)
      if (event.seq < seen) continue
      gone = false
      tell()
      if (state.outcome) break
    }
    return 0
  } finally {
    leave()
    clearInterval(ticking)
    screen?.end()
    process.off('SIGINT', leave).off('SIGTERM', leave)
  }
}

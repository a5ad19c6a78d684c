/** `changeover status --watch`: follows the run until it is closed. One screen is repainted; in a pipe there is a status for each change of phase or step. */
import type { Journal } from '../../core/event.ts'
import { evolve, phase, type RunState } from '../../core/run.ts'
import { evolvePace, type Pace } from '../../views/status.ts'
import type { Door } from '../door.ts'
import { repainter } from '../repaint.ts'
import type { Shown } from './status.ts'

export async function watch(run: string, journal: Journal, shown: Shown, door: Door): Promise<number> {
  const end = new AbortController()
  const leave = (): void => end.abort(new Error('left'))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  const screen = door.live && !door.json ? repainter(door) : undefined
  let state: RunState | undefined
  let pace: Pace | undefined
  let told = ''
  const tell = (): void => {
    if (!state) return
    if (screen) return screen.paint(shown(state, pace))
    const now = `${phase(state)} ${state.steps.map((step) => step.status).join(' ')}`
    if (now !== told) door.out(shown(state, pace))
    told = now
  }
  const ticking = screen && setInterval(tell, 500)
  try {
    const seen = (await journal.read(run)).length
    for await (const event of journal.tail(run, 0, end.signal)) {
      state = evolve(state, event)
      pace = evolvePace(pace, event)
      if (event.seq < seen) continue
      tell()
      if (state.outcome) break
    }
    return 0
  } finally {
    clearInterval(ticking)
    screen?.end()
    process.off('SIGINT', leave).off('SIGTERM', leave)
  }
}

/** Ctrl-C: once pauses at the next boundary, twice stops at once, three times ends this process. SIGTERM and a closed terminal are like once. */
import type { Door } from './door.ts'

export interface Interrupts {
  readonly pause: AbortSignal
  readonly stop: AbortSignal
  end(): void
}

/** `say` gets what to tell the person; `resume` is the command that goes on. */
export function catchInterrupts(door: Door, resume: string, say: (line: string) => void): Interrupts {
  const pause = new AbortController()
  const stop = new AbortController()
  const interrupted = (): void => {
    if (!pause.signal.aborted) {
      pause.abort(new Error('paused from the terminal'))
      say(door.paint.warn(`pausing at the next boundary; Ctrl-C again stops at once; \`${resume}\` goes on`))
    } else if (!stop.signal.aborted) {
      stop.abort(new Error('stopped from the terminal'))
      say(door.paint.warn(`stopping at once; the step stays as it is, and \`${resume}\` goes on from its last mark`))
    } else process.exit(130)
  }
  const asked = (): void => {
    if (!pause.signal.aborted) interrupted()
  }
  process.on('SIGINT', interrupted).on('SIGTERM', asked).on('SIGHUP', asked)
  return {
    pause: pause.signal,
    stop: stop.signal,
    end: () => void process.off('SIGINT', interrupted).off('SIGTERM', asked).off('SIGHUP', asked),
  }
}

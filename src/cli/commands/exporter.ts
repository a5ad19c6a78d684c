/** `changeover exporter`: the run's figures for a Prometheus, until it is told to stop. Reads the journal alone: no target is touched. */
import type { Journal } from '../../core/event.ts'
import { evolve, type RunState } from '../../core/run.ts'
import { metricsText } from '../../metrics/index.ts'
import { evolvePace, type Pace, runMetrics } from '../../views/index.ts'
import type { Common, Door } from '../door.ts'
import { findRun, openJournalFor } from '../journal.ts'
import { notListening, portOf } from './port.ts'

export interface ExporterOptions extends Common {
  readonly port?: string
  readonly host?: string
}

/** What OpenTelemetry's Prometheus exporters listen on. */
const usualPort = 9464
/** How often a run is looked for that was begun after this one, milliseconds. */
const lookMs = 2_000

interface Known {
  readonly run: string
  readonly state: RunState
  readonly pace: Pace | undefined
}

export async function exporter(options: ExporterOptions, door: Door): Promise<number> {
  const { startPage } = await import('../../server/index.ts')
  const port = portOf(options.port, usualPort)
  const end = new AbortController()
  const leave = (): void => end.abort(new Error('left'))
  process.on('SIGINT', leave).on('SIGTERM', leave)
  const journal = await openJournalFor(options, door)
  let known: Known | undefined
  const page = await startPage({
    host: options.host ?? '127.0.0.1',
    port,
    text: () => (known ? metricsText(runMetrics(known.run, known.state, known.pace, door.now())) : ''),
  }).catch((error: unknown) => Promise.reject(notListening(error)))
  door.out(door.json ? `${JSON.stringify({ serving: page.url })}\n` : `the run's figures are at ${page.url}\n`)
  try {
    await follow(journal, options, end.signal, (now) => (known = now))
    return 0
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave)
    await page.close()
    await journal.close()
  }
}

/** Always the run that is meant now: when one is closed, and another is opened, that one. */
async function follow(
  journal: Journal,
  common: Common,
  signal: AbortSignal,
  tell: (known: Known) => void,
): Promise<void> {
  while (!signal.aborted) {
    const run = (await journal.runs()).length === 0 ? undefined : await findRun(journal, common)
    if (run !== undefined) await followRun(journal, run, signal, tell)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lookMs)
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
    })
  }
}

/** Until it is closed. */
async function followRun(
  journal: Journal,
  run: string,
  signal: AbortSignal,
  tell: (known: Known) => void,
): Promise<void> {
  let state: RunState | undefined
  let pace: Pace | undefined
  const seen = (await journal.read(run)).length
  for await (const event of journal.tail(run, 0, signal)) {
    state = evolve(state, event)
    pace = evolvePace(pace, event)
    if (event.seq < seen) continue
    tell({ run, state, pace })
    if (state.outcome) return
  }
}

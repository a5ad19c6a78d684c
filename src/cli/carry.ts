/** Drives a run from the terminal until nothing is left to do without a person who is elsewhere, telling it as it goes, and sums it up. */
import { isChangeoverError } from '../core/errors.ts'
import type { Event } from '../core/event.ts'
import { evolve, next, phase, type RunState } from '../core/run.ts'
import { type Bench, control, drive } from '../engine/index.ts'
import { adviceFor, commandLines, makeReport, statusJson, tilesOf, wrap } from '../views/index.ts'
import { ask } from './ask.ts'
import { type Common, type Door, optionsOf } from './door.ts'
import { exitCodeOf } from './exit.ts'
import { readState } from './journal.ts'
import { type Reporter, reporterFor } from './reporter.ts'
import { catchInterrupts, type Interrupts } from './signals.ts'

export interface CarryOptions {
  readonly common: Common
  /** `part`: a run that settled after part of it was rolled back did what was asked. */
  readonly asked?: 'forward' | 'part'
  /** When another live runner holds the run, watch that one do it. */
  readonly follow?: boolean
  /** The run was opened just now: what the journal already holds is told too. */
  readonly fresh?: boolean
}

/** The exit code. Throws what `drive` throws; the run is then paused. */
export async function carryOn(bench: Bench, run: string, door: Door, options: CarryOptions): Promise<number> {
  const tail = optionsOf(options.common)
  let reporter = reporterFor(door)
  const resume = `changeover resume${tail === '' ? '' : ` ${tail}`}`
  const interrupts = catchInterrupts(door, resume, (line) => reporter.say(line))
  let state: RunState
  try {
    if (options.fresh) await tellBeginning(bench, run, reporter)
    const telling = () => reporter
    const asking = askBeside(bench, run, door, interrupts, {
      quiet: () => reporter.end(),
      anew: () => (reporter = reporterFor(door)),
    })
    const driven = async () => {
      const left = await driveOrFollow(bench, run, telling, interrupts, options, asking.event)
      await asking.end()
      return left
    }
    state = await driven()
    while (phase(state) === 'awaiting-approval' && door.asks && !door.json && !interrupts.pause.aborted) {
      reporter.end()
      if (!(await askApproval(bench, run, state))) break
      reporter = reporterFor(door)
      state = await driven()
    }
  } finally {
    reporter.end()
    interrupts.end()
  }
  const code = exitCodeOf(state, options.asked)
  await sumUp(bench, run, state, code, door, tail)
  return code
}

async function tellBeginning(bench: Bench, run: string, reporter: Reporter): Promise<void> {
  let state: RunState | undefined
  for (const event of await bench.journal.read(run)) {
    state = evolve(state, event)
    reporter.event(event, state)
  }
}

/** Between tries to become the runner oneself, in milliseconds: the one that is followed may leave without having done it, or be killed. */
const againMs = 2_000

async function driveOrFollow(
  bench: Bench,
  run: string,
  telling: () => Reporter,
  interrupts: Interrupts,
  options: CarryOptions,
  also: Listener,
): Promise<RunState> {
  const { pause, stop } = interrupts
  const leave = AbortSignal.any([pause, stop])
  const onEvent: Listener = (event, state) => {
    telling().event(event, state)
    also(event, state)
  }
  for (let followed: RunState | undefined; ;) {
    try {
      return await drive(bench, run, { pause, stop, onEvent })
    } catch (error) {
      if (stop.aborted) return readState(bench.journal, run)
      if (!options.follow || !isChangeoverError(error) || error.code !== 'run.busy') throw error
      if (!followed) telling().say(`${error.message}: it carries this out`)
      followed = await follow(bench, run, telling(), followed, AbortSignal.any([leave, AbortSignal.timeout(againMs)]))
      if (leave.aborted || next(followed).do === 'rest') return followed
    }
  }
}

/** Tells what another runner does until it rests. Leaving ends only the telling. */
async function follow(
  bench: Bench,
  run: string,
  reporter: Reporter,
  from: RunState | undefined,
  leave: AbortSignal,
): Promise<RunState> {
  let state = from ?? (await readState(bench.journal, run))
  if (next(state).do === 'rest') return state
  for await (const event of bench.journal.tail(run, state.seq, leave)) {
    state = evolve(state, event)
    reporter.event(event, state)
    if (next(state).do === 'rest') break
  }
  return state
}

type Listener = (event: Event, state: RunState) => void

/** A step that waits for a person with guards beside it keeps its runner: the person is asked while it watches. */
function askBeside(
  bench: Bench,
  run: string,
  door: Door,
  interrupts: Interrupts,
  screen: { readonly quiet: () => void; readonly anew: () => void },
): { readonly event: Listener; end(): Promise<void> } {
  let asking: Promise<void> | undefined
  const event: Listener = (_, state) => {
    const task = next(state)
    if (task.do !== 'ask' || !task.asked || task.step.plan.guards.length === 0) return
    if (!door.asks || door.json || interrupts.pause.aborted || asking) return
    screen.quiet()
    asking = askApproval(bench, run, state)
      .then(() => undefined)
      .finally(() => {
        asking = undefined
        screen.anew()
      })
    asking.catch(() => undefined)
  }
  return { event, end: async () => asking }
}

/** At the terminal the approval is asked for where the run is watched; one given elsewhere counts as well. True when there is one. */
async function askApproval(bench: Bench, run: string, state: RunState): Promise<boolean> {
  const task = next(state)
  if (task.do !== 'ask') return false
  const step = task.step.plan
  const given = new AbortController()
  const elsewhere = awaitApproval(bench, run, state, given)
  const note = await ask(
    `\n${step.approval ?? ''}\napprove step "${step.id}" with a note (an empty one leaves it waiting): `,
    given.signal,
  )
  const before = given.signal.aborted
  given.abort(new Error('answered'))
  await elsewhere
  if (before) return true
  if (note === undefined || note.trim() === '') return false
  await control(bench, run, { do: 'approve', step: step.id, note: note.trim() })
  return true
}

async function awaitApproval(bench: Bench, run: string, state: RunState, given: AbortController): Promise<void> {
  let now = state
  for await (const event of bench.journal.tail(run, state.seq, given.signal)) {
    now = evolve(now, event)
    if (next(now).do !== 'ask') return given.abort(new Error('answered elsewhere'))
  }
}

async function sumUp(
  bench: Bench,
  run: string,
  state: RunState,
  exit: number,
  door: Door,
  tail: string,
): Promise<void> {
  if (door.json) {
    const summary = statusJson(run, state, undefined, door.now()) as { readonly [key: string]: unknown }
    door.out(`${JSON.stringify({ type: 'run.summary', ...summary, exit })}\n`)
    return
  }
  const { paint } = door
  const tiles = tilesOf(makeReport(run, await bench.journal.read(run)))
  const words = tiles.map(
    (tile) =>
      `${paint.strong(tile.value)}${tile.label === 'outcome' ? '' : ` ${tile.label}`}${tile.note === undefined ? '' : paint.faint(` (${tile.note})`)}`,
  )
  const advice = adviceFor(state, tail)
  // A tile is not broken in two: its own spaces are none to the wrapping.
  const whole = words.map((each) => each.replaceAll(' ', '\u00a0')).join(' · ')
  door.out(
    `\n${wrap(`${paint.strong(run)}  ${whole}`, door.width())
      .join('\n')
      .replaceAll('\u00a0', ' ')}\n`,
  )
  for (const step of state.steps)
    if (step.error) door.out(`${paint.bad(`${step.plan.id}: ${step.error.message}`)}\n  → ${step.error.help}\n`)
  if (advice.waits !== '') door.out(`${paint.warn(`waits for ${advice.waits}`)}\n`)
  for (const line of commandLines(advice.commands, door.width(), paint)) door.out(`${line}\n`)
}

/** `pause`, `resume`, `abort`, `rollback` and `approve`: an event in the journal from any terminal, and the driving where nobody drives. */
import { ChangeoverError } from '../../core/errors.ts'
import { next, phase, type RunState, wayBack } from '../../core/run.ts'
import { amend, type Control, control, thisActor } from '../../engine/index.ts'
import { statusJson, statusText } from '../../views/index.ts'
import { confirm } from '../ask.ts'
import { carryOn, type CarryOptions } from '../carry.ts'
import { type Common, type Door, optionsOf } from '../door.ts'
import { findRun, openJournalFor, readState } from '../journal.ts'
import { openBenchFor } from '../open.ts'
import { spelled } from '../spelled.ts'
import { type WishOptions, wishesOf } from './wishes.ts'

export interface NoteOptions extends Common {
  readonly note?: string
}

export async function pause(options: NoteOptions, door: Door): Promise<number> {
  return say(
    options,
    door,
    { do: 'pause', why: options.note ?? 'it was asked for' },
    (run) => `${run} is paused: its runner stops at the next boundary`,
  )
}

export async function approve(step: string | undefined, options: NoteOptions, door: Door): Promise<number> {
  const { note } = options
  if (note === undefined || note.trim() === '')
    throw new ChangeoverError(
      'usage.invalid',
      'an approval needs a note',
      `say why: \`${spelled(step === undefined ? 'approve' : `approve ${step}`, { ...options, note: 'support is ready' })}\``,
    )
  const what: Control = { do: 'approve', note, ...(step === undefined ? {} : { step }) }
  return say(options, door, what, (run) => `approved; where no runner waits, \`changeover resume\` goes on with ${run}`)
}

/** Appends, and shows the state it led to. */
async function say(common: Common, door: Door, what: Control, words: (run: string) => string): Promise<number> {
  const journal = await openJournalFor(common, door)
  try {
    const run = await findRun(journal, common)
    const state = await control({ journal, actor: thisActor() }, run, what)
    if (door.json) door.out(`${JSON.stringify(statusJson(run, state, undefined, door.now()))}\n`)
    else door.out(`${words(run)}\n`)
    return 0
  } finally {
    await journal.close()
  }
}

export interface ResumeOptions extends Common, WishOptions {
  readonly until?: string
  readonly amend?: boolean
}

export async function resume(options: ResumeOptions, door: Door): Promise<number> {
  const wishes = wishesOf(options)
  const { until } = options
  const what: Control = {
    do: 'resume',
    ...(until === undefined ? {} : { until }),
    ...(Object.keys(wishes).length === 0 ? {} : { wishes }),
  }
  return driven(options, door, what, {})
}

export async function abort(options: NoteOptions & { readonly yes?: boolean }, door: Door): Promise<number> {
  mustBeSure(options, door, 'abort')
  return driven(options, door, { do: 'abort', why: options.note ?? 'it was asked for' }, { follow: true })
}

export interface RollbackOptions extends NoteOptions {
  readonly to?: string
  readonly part?: string
  readonly yes?: boolean
}

export async function rollback(options: RollbackOptions, door: Door): Promise<number> {
  mustBeSure(options, door, 'rollback')
  const { to, part } = options
  const what: Control = {
    do: 'rollback',
    why: options.note ?? 'it was asked for',
    ...(to === undefined ? {} : { to }),
    ...(part === undefined ? {} : { part }),
  }
  return driven(options, door, what, {
    follow: true,
    asked: to === undefined && part === undefined ? 'forward' : 'part',
  })
}

function mustBeSure(options: { readonly yes?: boolean }, door: Door, verb: string): void {
  if (options.yes || (door.asks && !door.json)) return
  const message = `${verb} needs --yes where nobody can be asked`
  throw new ChangeoverError('usage.invalid', message, `\`${spelled(verb, { ...options, yes: true })}\``)
}

/** Appends what is wanted and then drives the run, or watches the runner that does. */
async function driven(
  options: Common & { readonly yes?: boolean; readonly amend?: boolean },
  door: Door,
  what: Control,
  how: Omit<CarryOptions, 'common'>,
): Promise<number> {
  const bench = await openBenchFor(options, door)
  try {
    const run = await findRun(bench.journal, options)
    const state = await readState(bench.journal, run)
    if (what.do !== 'resume' && !options.yes && !(await sure(what, run, state, options, door))) return 1
    if (options.amend) await amend(bench, run)
    await control(bench, run, what)
    // A step that is held is watched by a runner, which then carries this out.
    const follow = state.stands === undefined ? {} : { follow: true }
    return await carryOn(bench, run, door, { common: options, ...follow, ...how })
  } finally {
    await bench.close()
  }
}

async function sure(what: Control, run: string, state: RunState, common: Common, door: Door): Promise<boolean> {
  const { paint } = door
  door.out(
    `${statusText(run, state, { now: door.now(), paint, width: door.width(), commandOptions: optionsOf(common) })}\n`,
  )
  if (await confirm(question(what, state))) return true
  door.err('nothing was done\n')
  return false
}

function question(what: Control, state: RunState): string {
  if (what.do !== 'rollback') return 'Undo the step under way, and end the run there?'
  const { to: _to, part: _part, ...rest } = state
  const scope = {
    ...(what.to === undefined ? {} : { to: what.to }),
    ...(what.part === undefined ? {} : { part: what.part }),
  }
  const steps = wayBack({ ...rest, ...scope }).map((step) => step.plan.id)
  if (steps.length === 0) return `Nothing is applied there (${phase(state)}). Turn back all the same?`
  return `Undo ${steps.join(', ')}${next(state).do === 'rest' ? '' : ', beginning with what is under way'}?`
}

/** One verb of one step, from wherever it was left to its end: look, append, act, compare. Decides neither which step nor what comes after. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import type { Verb } from '../core/event.ts'
import { blocks, type Finding } from '../core/finding.ts'
import { canonical } from '../core/json.ts'
import type { Mark, Writing } from '../core/kind.ts'
import { targetsOf } from '../core/plan.ts'
import type { Roles } from '../core/ports/index.ts'
import { next, type RunState, type StepState, type Task } from '../core/run.ts'
import { readingContext, writingContext } from './context.ts'
import { withGuards } from './guard.ts'
import { mustFit, onFacts } from './fit.ts'
import { changeSince, comparePrediction, factsFrom } from './observed.ts'
import { kindOf, recordOf, type Shift } from './shift.ts'

/** Applies the step. Returns when it is finished, failed, or no longer what should be done. Throws for what a person must mend first. */
export async function applyStep(shift: Shift, step: StepState): Promise<void> {
  const fresh = step.status === 'waiting'
  const before = fresh
    ? await shift.targets.observe(targetsOf(step.plan))
    : factsFrom(shift, step.before ?? {}, targetsOf(step.plan))
  if (fresh) {
    mustFit(shift, step, before)
    await mustBeClear(shift, step)
    const started = {
      type: 'step.started',
      step: step.plan.id,
      verb: 'apply',
      before: changeSince(shift, before),
    } as const
    // Whoever pauses or turns the run a moment before a step begins finds it not begun: it may be one that nothing brings back.
    const now = await shift.record.decide((state) => (stillDue(state, step, 'apply') ? started : undefined))
    if (!stillDue(now, step, 'apply')) return
  }
  const ended = await attempt(shift, step, 'apply', fresh ? null : step.applied)
  if (ended !== 'ended') return
  const seen = await shift.targets.observe(targetsOf(step.plan))
  const findings = [
    ...comparePrediction(onFacts(shift, step, before), before, seen),
    ...(await verifyStep(shift, step)),
  ]
  await finish(shift, step, 'apply', findings)
}

export async function finish(shift: Shift, step: StepState, verb: Verb, findings: readonly Finding[]): Promise<void> {
  for (const finding of findings)
    await shift.record.append({
      type: 'finding.made',
      finding: { ...finding, at: { step: step.plan.id, ...finding.at } },
    })
  const [first] = blocks(findings)
  if (!first) await shift.record.append({ type: 'step.finished', step: step.plan.id, verb })
  else
    await shift.record.append({
      type: 'step.failed',
      step: step.plan.id,
      verb,
      error: { code: first.code, message: first.message, help: first.help },
    })
}

export type End = 'ended' | 'left' | 'failed'

/** Errors that a person mends and then resumes: the run waits for them where it is, and is not turned back. */
const mendable: ReadonlySet<string> = new Set([
  'target.unreachable',
  'target.lock',
  'target.read-only',
  'target.rights',
  'target.wrong',
  'target.full',
  'secret.missing',
  'backup.full',
  // Nothing is wrong; but nobody may go on, nor turn back, without a person.
  'gate.undecided',
])

/** A target that went away is tried again after these times, in milliseconds, before a person is asked. */
const againAfterMs = [200, 500, 1_000, 2_000, 4_000]

/** How a kind takes back more than this one step. */
export type Back = (context: Writing<Roles>, from: Mark) => AsyncIterable<Mark>

/** Pulls marks while this verb is still what should be done. Pausing is not asking for the next mark. */
export async function attempt(shift: Shift, step: StepState, verb: Verb, from: Mark, back?: Back): Promise<End> {
  const halt = new AbortController()
  const watch = watchFor(shift, step, verb, halt)
  try {
    return (await persist({ shift, step, verb, due: verb, enter: entryOf(shift, step, verb, back) }, from, halt.signal))
      ? 'ended'
      : 'left'
  } catch (error) {
    const code = isChangeoverError(error) ? error.code : ''
    if (code === 'run.fenced' || code === 'target.fenced') throw error
    if (shift.stop.aborted || (halt.signal.aborted && !watch.broken())) return 'left'
    const cause = watch.broken() ?? error
    await shift.record.append({ type: 'step.failed', step: step.plan.id, verb, error: recordOf(cause) })
    if (mendable.has(code)) throw cause
    return 'failed'
  } finally {
    halt.abort(new Error('the step was left'))
    await watch.end()
  }
}

type Entry = (context: Writing<Roles>, from: Mark) => AsyncIterable<Mark>

interface Effort {
  readonly shift: Shift
  readonly step: StepState
  /** Whose marks they are. */
  readonly verb: Verb
  /** What must still be what is to be done. */
  readonly due: Task['do']
  readonly enter: Entry
}

function entryOf(shift: Shift, step: StepState, verb: Verb, back?: Back): Entry {
  const kind = kindOf(shift, step)
  const { work } = step.plan
  if (verb === 'rollback') return back ?? ((context, from) => kind.rollback(work, context, from))
  return (context, from) => withGuards(shift, step, context, (own) => kind.apply(work, own, from))
}

/** Enters again from the last mark while a target is away, for as long as patience lasts. False when something else is to be done now. */
export async function persist(effort: Effort, from: Mark, signal: AbortSignal): Promise<boolean> {
  const { shift, step, verb, enter } = effort
  let last = from
  for (let tries = 0; ; tries++) {
    try {
      return await pull(effort, enter(await writingContext(shift, step, signal), last))
    } catch (error) {
      const wait = againAfterMs[tries]
      if (wait === undefined || signal.aborted || !isChangeoverError(error) || error.code !== 'target.unreachable')
        throw error
      await shift.bench.clock.sleep(wait, signal)
      const now = shift.record.state.steps.find((each) => each.plan.id === step.plan.id)
      last = (verb === 'apply' ? now?.applied : now?.undone) ?? null
    }
  }
}

/** Marks that come fast are kept one in a while, the last one always: nothing is lost by entering again from an earlier one. */
async function pull({ shift, step, verb, due }: Effort, marks: AsyncIterable<Mark>): Promise<boolean> {
  const begun = shift.bench.clock.now()
  let kept = 0
  let held: Mark | undefined
  const keep = async (mark: Mark) => {
    kept = shift.bench.clock.now()
    held = undefined
    await shift.record.append({ type: 'step.marked', step: step.plan.id, verb, mark })
  }
  try {
    for await (const mark of marks) {
      const now = shift.bench.clock.now()
      if (now - kept >= markEveryMs(now - begun)) await keep(mark)
      else held = mark
      if (!stillDue(await shift.record.sync(), step, due)) return false
    }
    return true
  } finally {
    if (held !== undefined && !shift.stop.aborted) await keep(held)
  }
}

/** A thousandth of what the step took so far, from 50 ms to a minute: a wait of a week must not fill the journal. */
function markEveryMs(sinceMs: number): number {
  return Math.min(60_000, Math.max(50, sinceMs / 1000))
}

function stillDue(state: RunState, step: StepState, due: Task['do']): boolean {
  const task = next(state)
  return task.do === due && 'step' in task && task.step.plan.id === step.plan.id
}

/** Looks beside the step whether someone stopped it. A pause waits for the next mark; an abort or a turn does not. */
function watchFor(shift: Shift, step: StepState, verb: Verb, halt: AbortController) {
  let broken: unknown
  const stop = () => halt.abort(shift.stop.reason)
  shift.stop.addEventListener('abort', stop, { once: true })
  if (shift.stop.aborted) stop()
  const look = async () => {
    while (!halt.signal.aborted) {
      await shift.bench.clock.sleep(100, halt.signal).catch(() => undefined)
      if (halt.signal.aborted) return
      const state = await shift.record.sync()
      if (state.paused === undefined && !stillDue(state, step, verb)) halt.abort(new Error('the run was turned'))
    }
  }
  const looking = look().catch((error: unknown) => {
    broken = error
    halt.abort(error)
  })
  return {
    broken: () => broken,
    end: async () => {
      shift.stop.removeEventListener('abort', stop)
      await looking
    },
  }
}

async function mustBeClear(shift: Shift, step: StepState): Promise<void> {
  const kind = kindOf(shift, step)
  const findings = (await kind.check?.(step.plan.work, await readingContext(shift, step, shift.stop))) ?? []
  const known = new Set(
    shift.record.state.findings.map((each) => canonical({ code: each.code, message: each.message })),
  )
  for (const each of findings) {
    if (known.has(canonical({ code: each.code, message: each.message }))) continue
    await shift.record.append({ type: 'finding.made', finding: { ...each, at: { step: step.plan.id, ...each.at } } })
  }
  const [first] = blocks(findings)
  if (first)
    throw new ChangeoverError('run.blocked', `step "${step.plan.id}": ${first.message}`, first.help, { data: findings })
}

export async function verifyStep(shift: Shift, step: StepState): Promise<readonly Finding[]> {
  const kind = kindOf(shift, step)
  return (await kind.verify?.(step.plan.work, await readingContext(shift, step, shift.stop))) ?? []
}

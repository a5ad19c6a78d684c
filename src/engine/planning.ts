/** Makes plans from targets as they are, opens runs, and holds a run to the plan it was opened with. Writes nothing but the first event. */
import type { Asked } from '../core/asked.ts'
import { ChangeoverError, isChangeoverError, suggestion } from '../core/errors.ts'
import { block, blocks, type Finding } from '../core/finding.ts'
import { canonical, diff, equal, type Json } from '../core/json.ts'
import type { Wishes } from '../core/kind.ts'
import { makePlan, type Plan, type PlannedStep, targetsOf } from '../core/plan.ts'
import { fold, type RunState } from '../core/run.ts'
import type { Bench } from './bench.ts'
import { readingContext } from './context.ts'
import { sha256 } from './load.ts'
import { Record } from './record.ts'
import { withoutPasswords } from './secrets.ts'
import type { Shift } from './shift.ts'
import { openTargets, type Targets } from './targets.ts'

/** Opens the targets, observes them, and folds the plan. Nothing is written anywhere. */
export async function makePlanNow(bench: Bench, progress: (line: string) => void = () => undefined): Promise<Plan> {
  return withTargets(bench, async (targets) => {
    const names = Object.keys(bench.asked.targets)
    const facts: { [target: string]: Json } = {}
    for (const name of names) {
      progress(`observing ${name}`)
      Object.assign(facts, await targets.observe([name]))
    }
    progress(`planning ${bench.asked.steps.length} steps`)
    return bench.secrets.redactPlan(planOn(bench, facts))
  })
}

function planOn(bench: Bench, facts: { readonly [target: string]: Json }): Plan {
  const { asked, kinds, adapters, functions } = bench
  return makePlan(asked, { facts, kinds, adapters, functions, sha256 })
}

/** The plan's findings and those of every `check` that can answer before anything is applied. */
export async function checkPlan(bench: Bench, plan: Plan): Promise<readonly Finding[]> {
  const state = stateOf(plan)
  return withTargets(bench, async (targets, stop) => {
    const shift: Shift = { bench, record: { state, run: 'check' } as unknown as Record, targets, stop }
    const found = await checkTargets(bench, plan, targets)
    const asked = new Set<string>()
    for (const step of plan.steps) {
      found.push(...(await checkStep(shift, step, step, plan)))
      for (const guard of step.guards) {
        // The same guard mostly stands beside many steps.
        const what = canonical({ kind: guard.kind, on: guard.on, work: guard.work })
        if (!asked.has(what)) found.push(...(await checkStep(shift, step, guard, plan)))
        asked.add(what)
      }
    }
    return bench.secrets.redact([...plan.findings, ...found])
  })
}

/** Every target that a step uses must take what a run writes, once, before the first step. */
async function checkTargets(bench: Bench, plan: Plan, targets: Targets): Promise<Finding[]> {
  const used = new Set(plan.steps.flatMap(targetsOf))
  const found: Finding[] = []
  for (const name of Object.keys(bench.asked.targets).filter((each) => used.has(each))) {
    const findings = (await (await targets.get(name)).ready?.()) ?? []
    found.push(...findings.map((each) => ({ ...each, at: { target: name, ...each.at } })))
  }
  return found
}

/**
 * The step itself or one of its guards. A later step may ask about what an earlier one has yet to make: that is no fault before the run, and is asked
 * again when its turn comes.
 */
async function checkStep(shift: Shift, step: PlannedStep, asked: PlannedStep, plan: Plan): Promise<readonly Finding[]> {
  const kind = shift.bench.kinds.get(asked.kind)
  const state = shift.record.state.steps.find((each) => each.plan.id === step.id)
  if (!kind?.check || !state) return []
  const at = (each: Finding): Finding => ({ ...each, at: { step: asked.id, ...each.at } })
  const later = touchedBefore(plan, step, asked.on)
  const first = plan.steps.indexOf(asked) === 0
  try {
    const context = await readingContext(shift, { ...state, plan: asked }, shift.stop)
    const made = await kind.check(asked.work, context)
    const findings = first ? made : made.map(asItMayPass)
    return later ? findings.filter((each) => each.level !== 'block').map(at) : findings.map(at)
  } catch (error) {
    if (!isChangeoverError(error) || error.code === 'target.unreachable') throw error
    if (later) return []
    return [at(block('step.uncheckable', `step "${asked.id}" could not be checked: ${error.message}`, error.help))]
  }
}

/** Until the step's turn comes, an earlier one or a person may have ended it. */
function asItMayPass(finding: Finding): Finding {
  return finding.passing && finding.level === 'block' ? { ...finding, level: 'risk' } : finding
}

function touchedBefore(plan: Plan, step: PlannedStep, on: PlannedStep['on']): boolean {
  const earlier = plan.steps.slice(0, plan.steps.indexOf(step))
  return earlier.some((each) => Object.keys(each.change).some((target) => Object.values(on).includes(target)))
}

function stateOf(plan: Plan): RunState {
  const opened = {
    type: 'run.opened',
    plan,
    identities: {},
    by: { user: '', host: '', pid: 0, token: '' },
    wishes: {},
    seq: 1,
    at: '',
  } as const
  const state = fold([opened])
  if (!state) throw new Error('a fold of one event is a state')
  return state
}

export interface OpenOptions {
  readonly until?: string
  readonly wishes?: Wishes
}

/** Appends the first event of a run and gives its id, `<name>-<n>-<chance>`. Throws `run.blocked`, `run.busy` while another run of the plan is open. */
export async function openRun(bench: Bench, plan: Plan, options: OpenOptions = {}): Promise<string> {
  const [first] = blocks(plan.findings)
  if (first) throw new ChangeoverError('run.blocked', first.message, first.help, { data: plan.findings })
  mustHave(plan, options.until)
  const runs = await mustBeFree(bench)
  await mustBeReleased(bench, plan, runs)
  const identities = await withTargets(bench, (targets) => targets.identities())
  const { until, wishes = {} } = options
  const what = {
    type: 'run.opened',
    plan,
    identities,
    by: bench.actor,
    wishes,
    ...(until === undefined ? {} : { until }),
  } as const
  const numbers = runs.map((run) => Number(/^\d+/.exec(run.slice(plan.name.length + 1))?.[0] ?? 0))
  // The tail keeps two runs apart where a journal was thrown away: what the first one left in a target is not the second one's.
  const run = `${plan.name}-${Math.max(0, ...numbers) + 1}-${bench.actor.token.slice(0, 4)}`
  await bench.journal.append(run, bench.secrets.redactEvent(what), 0)
  return run
}

/** The runs of the plan, all of them closed. Asked before anything is planned: what an open run has changed would look like a fault. Throws `run.busy`. */
export async function mustBeFree(bench: Bench): Promise<readonly string[]> {
  const runs = (await bench.journal.runs()).filter((run) => run.startsWith(`${bench.asked.name}-`))
  for (const run of runs) await mustBeClosed(bench, run)
  return runs
}

async function mustBeClosed(bench: Bench, run: string): Promise<void> {
  const state = fold(await bench.journal.read(run))
  if (!state || state.outcome) return
  throw new ChangeoverError(
    'run.busy',
    `run "${run}" is not finished`,
    `go on with \`changeover resume\`, or undo it with \`changeover rollback\``,
  )
}

/** A plan that a gate turned back is not run again as it was until a person says so; an edited one is another plan. Throws `run.held`. */
export async function mustBeReleased(bench: Bench, plan: Plan, runs: readonly string[]): Promise<void> {
  if (bench.asked.hold === false) return
  for (const run of runs) {
    const state = fold(await bench.journal.read(run))
    if (state?.held === undefined || state.outcome !== 'rolled-back' || state.plan.hash !== plan.hash) continue
    throw new ChangeoverError(
      'run.held',
      `a gate turned this plan back in run "${run}": ${state.held}`,
      `mend the cause, then \`changeover release ${plan.name} --note "what was mended"\``,
    )
  }
}

export function mustHave(plan: Plan, step: string | undefined): void {
  if (step === undefined || plan.steps.some((each) => each.id === step)) return
  throw new ChangeoverError(
    'plan.unknown-step',
    `the plan has no step "${step}"${suggestion(
      step,
      plan.steps.map((each) => each.id),
    )}`,
    `its steps: ${plan.steps.map((each) => each.id).join(', ')}`,
  )
}

/** The plan file must still ask what it asked when the run was opened. Throws `plan.stale` with what changed. */
export function mustBeAsAsked(bench: Bench, state: RunState): void {
  const then = { ...byStep(state.plan.asked), functions: state.plan.functions }
  const now = { ...byStep(withoutPasswords(bench.asked) as unknown as Json), functions: bench.functions }
  const edits = diff(then, now)
  if (edits.length === 0) return
  const lines = edits
    .slice(0, 5)
    .map(
      (edit) =>
        `${edit.path.join('.')}: ${canonical(edit.from ?? null).slice(0, 80)} became ${canonical(edit.to ?? null).slice(0, 80)}`,
    )
  const message = `the plan was edited since run was opened: ${lines.join('; ')}`
  const help =
    'put the plan back, or take the edit over with `changeover resume --amend` (only steps that were not started may differ)'
  throw new ChangeoverError('plan.stale', message, help, { data: edits })
}

/** A plan with its steps by id, so that a difference names the step and the key. */
function byStep(asked: Json): { readonly [key: string]: Json } {
  const { steps, ...rest } = asked as unknown as Asked
  const fields = Object.fromEntries(steps.map((step) => [step.id, step as unknown as Json]))
  return {
    ...(rest as unknown as { readonly [key: string]: Json }),
    steps: fields,
    order: steps.map((step) => step.id),
  }
}

/** Takes an edited plan over into a run: steps that were started must be as they were. */
export async function amend(bench: Bench, run: string): Promise<RunState> {
  const record = await Record.open({ journal: bench.journal, run, redact: (what) => bench.secrets.redactEvent(what) })
  const state = record.state
  const fresh = await makePlanNow(bench)
  const started = state.steps.filter((step) => step.status !== 'waiting')
  const steps = fresh.steps.map((step) => started.find((each) => each.plan.id === step.id)?.plan ?? step)
  const asked = state.plan.asked as unknown as Asked
  for (const { plan: step } of started) {
    const then = asked.steps.find((each) => each.id === step.id) as unknown as Json
    const now = (withoutPasswords(bench.asked).steps.find((each) => each.id === step.id) ?? null) as unknown as Json
    if (!equal(then, now))
      throw new ChangeoverError(
        'run.refused',
        `step "${step.id}" was started and cannot be edited`,
        'put that step back, or `changeover rollback` first',
      )
  }
  if (started.length > 0 && steps.slice(0, started.length).some((step, index) => step.id !== started[index]?.plan.id)) {
    throw new ChangeoverError(
      'run.refused',
      'a step was put before one that was started',
      'add steps after those that were started',
    )
  }
  return record.append({ type: 'run.amended', plan: { ...fresh, steps, facts: state.plan.facts }, by: bench.actor })
}

export async function withTargets<T>(
  bench: Bench,
  body: (targets: Targets, stop: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const targets = openTargets(bench, { run: 'plan', fence: 0, signal: stop.signal })
  try {
    return await body(targets, stop.signal)
  } finally {
    await targets.close()
  }
}

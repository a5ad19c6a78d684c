/** `changeover run`: shows the plan, asks, carries it out, and tells it as it goes. */
import { ChangeoverError } from '../../core/errors.ts'
import { blocks } from '../../core/finding.ts'
import type { Plan } from '../../core/plan.ts'
import { mustBeFree, mustBeReleased, openRun } from '../../engine/index.ts'
import { findingLines, planText, plural } from '../../views/index.ts'
import { confirm } from '../ask.ts'
import { carryOn } from '../carry.ts'
import type { Common, Door } from '../door.ts'
import { openBenchFor } from '../open.ts'
import { spelled } from '../spelled.ts'
import { look, type Looked } from './planning.ts'
import { type WishOptions, wishesOf } from './wishes.ts'

export interface RunOptions extends Common, WishOptions {
  readonly yes?: boolean
  readonly until?: string
  /** The beginning of the hash of the plan that was agreed on. */
  readonly plan?: string
}

export async function run(options: RunOptions, door: Door): Promise<number> {
  mustBeAllowed(options, door)
  const bench = await openBenchFor(options, door)
  try {
    const runs = await mustBeFree(bench)
    const looked = await look(bench, door)
    mustBeAgreed(looked.plan, options.plan)
    await mustBeReleased(bench, looked.plan, runs)
    const stops = blocks(looked.findings)
    if (stops.length > 0) return refuse(looked, door)
    if (!(await agreed(looked, options, door))) return 1
    const { until } = options
    const wishes = wishesOf(options)
    // What the checks found stands in the journal with the plan: estimates and risks are part of the report.
    const plan: Plan = { ...looked.plan, findings: looked.findings }
    const id = await openRun(bench, plan, { wishes, ...(until === undefined ? {} : { until }) })
    return await carryOn(bench, id, door, { common: options, fresh: true })
  } finally {
    await bench.close()
  }
}

/** Without a terminal nobody can be asked, so `--yes` must be said. */
function mustBeAllowed(options: RunOptions, door: Door): void {
  if (options.yes || (door.asks && !door.json)) return
  const why = door.json ? '`--json` asks nobody' : 'there is no terminal to ask on'
  throw new ChangeoverError(
    'usage.invalid',
    `run needs --yes: ${why}`,
    `look at \`${spelled('plan', { file: options.file })}\`, then \`${spelled('run', { ...options, yes: true })}\``,
  )
}

function mustBeAgreed(plan: Plan, hash: string | undefined): void {
  if (hash === undefined) return
  if (hash.length < 8)
    throw new ChangeoverError(
      'usage.invalid',
      `"${hash}" is too short for the hash of a plan`,
      'give at least 8 characters',
    )
  if (plan.hash.startsWith(hash)) return
  const message = `the plan is ${plan.hash.slice(0, 12)} now, not "${hash}": the plan file or a target changed`
  throw new ChangeoverError('plan.stale', message, 'look at `changeover plan` again, and agree on that one')
}

function refuse({ plan, findings }: Looked, door: Door): number {
  if (door.json) door.out(`${JSON.stringify({ type: 'run.refused', plan: plan.hash, findings, exit: 3 })}\n`)
  else {
    for (const line of findingLines(blocks(findings), door.paint, door.width())) door.err(`${line}\n`)
    door.err(
      `${door.paint.bad('nothing was started')}: ${plural(blocks(findings).length, 'finding')} must be ended first\n`,
    )
  }
  return 3
}

async function agreed({ plan, findings }: Looked, options: RunOptions, door: Door): Promise<boolean> {
  if (door.json) return true
  if (options.yes) {
    const risks = findings.filter((finding) => finding.level === 'risk')
    for (const line of findingLines(risks, door.paint, door.width())) door.out(`${line}\n`)
    return true
  }
  door.out(`${planText(plan, { findings, paint: door.paint, width: door.width() })}\n`)
  if (await confirm(`Take ${plan.name} from ${plan.from} to ${plan.to}?`)) return true
  door.err('nothing was done\n')
  return false
}

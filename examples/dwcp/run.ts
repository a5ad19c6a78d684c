/**
 * `npm run example:dwcp`: a fleet with v1 under live load, taken to v3 by one plan. Starts everything in a temporary folder, runs `changeover` as a
 * person would, and measures what users and nodes saw. Knows no step of the plan but the one that asks a person.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, openCommand } from '../stage/command.ts'
import { endWith, refuse } from '../stage/end.ts'
import { wordsGiven } from '../stage/words-given.ts'
import { askingStep, triggerOf } from '../stage/told-by-journal.ts'
import { type Outcome, type Place, summarise } from './outcome.ts'
import { planEnvironment } from './plan-environment.ts'
import { goBack, type Rollback, rollbacks } from './rollbacks.ts'
import { type FaultName, isRunFault, nodeFault, runFaults } from './run-faults.ts'
import { buildSite, type Site } from './site.ts'
import { type Summary, summaryText } from './summary.ts'
import { watchRun } from './watch.ts'

const listOf = (all: Readonly<Record<string, string>>): string =>
  Object.entries(all)
    .map(([name, what]) => `  ${name.padEnd(16)} ${what}`)
    .join('\n')
const usage = `Takes a fleet from DWCP v1 to v3 under live load, by the guide's six weeks.

  npm run example:dwcp                           the whole guide: every feature at 100 %
  npm run example:dwcp -- --fault NAME           something is wrong: caught, and undone without a person
  npm run example:dwcp -- --rollback HOW         every feature at 100 %, then back
  npm run example:dwcp -- --until "Week 3"       the rollback begins after that week
  npm run example:dwcp -- --nodes 8              a smaller fleet (24)
  npm run example:dwcp -- --json                 the last line is one JSON object
  npm run example:dwcp -- --quick                shorter waits, for a test

Faults:
${listOf(runFaults)}

Rollbacks:
${listOf(rollbacks)}`

const given = wordsGiven({
  fault: { type: 'string' },
  rollback: { type: 'string' },
  until: { type: 'string' },
  nodes: { type: 'string', default: '24' },
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
})
const out = given.json ? 2 : 'inherit'
const say = (line: string): void => void (given.json ? process.stderr : process.stdout).write(`${line}\n`)
let isStopped = false

async function main(): Promise<number> {
  if (given.help) return (process.stdout.write(`${usage}\n`), 0)
  const fault = faultNamed(given.fault)
  const rollback = rollbackNamed(given.rollback)
  const home = mkdtempSync(join(tmpdir(), 'changeover-dwcp-'))
  const site = await buildSite(home, nodesNamed(given.nodes))
  let command: Command | null = null
  const leave = (): void => {
    command?.kill()
    void close(site).then(() => process.exit(1))
  }
  process.once('SIGTERM', leave)
  process.once('SIGINT', () => {
    isStopped = true
    say('\nCtrl-C: the run pauses, then the fleet is taken down; once more stops at once')
  })
  try {
    say(`starting ${site.nodes.length} nodes with v1, ${site.nodes.length * 2} machines on them, and their users …`)
    await site.start()
    const env = { ...process.env, ...planEnvironment(site, nodeFault(fault), given.quick ? 'quick' : 'full') }
    const plan = join(import.meta.dirname, 'changeover.config.ts')
    command = openCommand({ home, env, out, plan })
    return await upgrade({ site, env, out, command }, fault, rollback)
  } finally {
    process.off('SIGTERM', leave)
    await close(site)
  }
}

async function upgrade(place: Place, fault: FaultName | null, rollback: Rollback | null): Promise<number> {
  const began = Date.now()
  say(fault === null ? 'v1 serves; the upgrade begins' : `v1 serves, and this is wrong: ${runFaults[fault]}`)
  const watch = watchRun(place.site, () => place.command.events(), fault)
  await forward(place, rollback)
  const undoneAt = await watch.undoneAt()
  if (isStopped) return 1
  const events = await place.command.events()
  const trigger = triggerOf(events)
  const undoneMs = trigger === null || undoneAt === null ? null : undoneAt - trigger.at
  let way = { undoneMs, refusals: place.site.door.refusals() }
  if (rollback !== null && trigger === null) {
    say(`the fleet runs v3; now back: ${rollbacks[rollback]}`)
    way = await goBack(rollback, place)
  }
  const outcome: Outcome = { seconds: Math.round((Date.now() - began) / 100) / 10, fault, rollback, ...way }
  const summary = await summarise(place, outcome)
  for (const line of [...summary.machines.problems, ...Object.keys(summary.requests.reasons)].slice(0, 8)) say(line)
  process.stdout.write(given.json ? `${JSON.stringify(summary)}\n` : summaryText(summary))
  return isGood(summary) ? 0 : 1
}

/** Runs the plan; where it asks a person, this is the person, unless all is to be turned back instead of the v1 way being closed. */
async function forward({ command }: Place, rollback: Rollback | null): Promise<void> {
  const limit = given.until === undefined ? [] : ['--until', lastOf(given.until)]
  let code = await command.run('run', '--yes', ...limit)
  while (code === 6 && !isStopped && limit.length === 0) {
    const step = askingStep(await command.events())
    if (step === null || rollback !== null) return
    await command.run('approve', step, '--note', 'agreed by the example, in place of a person')
    code = await command.run('resume')
  }
}

/** The last step of a week. */
const lastOf = (week: string): string => `rollout-${week.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}-impact`

/** With a fault it is good that it was caught and undone; without one, that nobody noticed but of the harm done on purpose. */
function isGood({ fault, rollback, outcome, rolledBackEqual, requests, machines, undoneMs }: Summary): boolean {
  if (machines.problems.length > 0 || rolledBackEqual === false) return false
  if (fault !== null) return outcome === 'rolled-back'
  const isHarmless = requests.failed - requests.failedInChaos <= requests.served / 1_000
  if (rollback === null) return isHarmless && (outcome === 'done' || given.until !== undefined)
  return isHarmless && undoneMs !== null && undoneMs < 300_000
}

async function close(site: Site): Promise<void> {
  await site.stopAll()
  if (process.env['DWCP_KEEP'] === undefined) rmSync(site.home, { recursive: true, force: true })
}

function faultNamed(name: string | undefined): FaultName | null {
  if (name === undefined || isRunFault(name)) return name ?? null
  return refuse(`there is no fault "${name}": there are ${Object.keys(runFaults).join(', ')}`)
}

function rollbackNamed(name: string | undefined): Rollback | null {
  const found = Object.keys(rollbacks).find((each): each is Rollback => each === name)
  if (name === undefined || found !== undefined) return found ?? null
  return refuse(`there is no rollback "${name}": there are ${Object.keys(rollbacks).join(', ')}`)
}

function nodesNamed(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 8 && count <= 64) return count
  return refuse(`--nodes is "${text}": a number from 8 to 64 is wanted`)
}

endWith(main())

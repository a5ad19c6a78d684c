/**
 * `npm run example:mana`: three environments of a Mana node with v1 modules under live load, taken to v2 by one plan. Starts everything in a temporary
 * folder, runs `changeover` as a person would, and measures what the clients saw. Knows no step of the plan but those that ask a person.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fold } from 'changeover'
import { openHook } from '../stage/hook.ts'
import { openCommand, type Command } from '../stage/command.ts'
import { endWith, refuse } from '../stage/end.ts'
import { wordsGiven } from '../stage/words-given.ts'
import type { ClientsReport, LedgerReport } from './clients.ts'
import { type Fault, faults, isFault } from './faults.ts'
import type { Figure, FiguresReport } from './figures/figure.ts'
import { askingStep, isRestored, triggerOf, wayBackMs } from '../stage/told-by-journal.ts'
import { planEnvironment } from './plan-environment.ts'
import { type Proof, prove } from './proof.ts'
import { type Environment, environments } from './service-words.ts'
import { type Summary, summaryText } from './summary.ts'
import { buildSystem, type Mana } from './system.ts'
import { writeReport } from '../stage/report.ts'

const usage = `Takes a Mana node from v1 to v2 modules: test, staging, production, under live load.

  npm run example:mana                              the whole schedule, to v2 alone
  npm run example:mana -- --fault NAME              v2 has a fault in production: caught, and turned back without a person
  npm run example:mana -- --rollback                everything to v2, then everything back, and proved
  npm run example:mana -- --environment staging     only as far as test or staging
  npm run example:mana -- --json                    the last line is one JSON object
  npm run example:mana -- --quick                   shorter waits and measurements, for a test

Faults:
${Object.entries(faults)
  .map(([name, what]) => `  ${name.padEnd(12)} ${what}`)
  .join('\n')}`

const given = wordsGiven({
  fault: { type: 'string' },
  environment: { type: 'string', default: 'production' },
  rollback: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
})
const plan = join(import.meta.dirname, 'changeover.config.ts')
const say = (line: string): void => void (given.json ? process.stderr : process.stdout).write(`${line}\n`)

/** Two days of the guide in two seconds, or in half of one. */
const pace = given.quick
  ? { compress: 345_600, figures: ['--rounds', '1', '--seconds', '0.3', '--transactions', '2000', '--blocks', '30'] }
  : { compress: 86_400, figures: ['--rounds', '1', '--seconds', '1.5', '--transactions', '6000', '--blocks', '120'] }

/** The last step of an environment on its own. */
const lastOf: { readonly [environment in Environment]: string | null } = {
  test: 'test-week-1-day-1-2-alerts',
  staging: 'staging-week-1-day-5-7-alerts',
  production: null,
}

interface Site {
  readonly mana: Mana
  readonly home: string
  readonly command: Command
  readonly messages: () => number
}

const lookMs = 200
let isStopped = false

async function main(): Promise<number> {
  if (given.help) return (process.stdout.write(`${usage}\n`), 0)
  const fault = faultNamed(given.fault)
  const until = lastOf[environmentNamed(given.environment)]
  const home = mkdtempSync(join(tmpdir(), 'changeover-mana-'))
  const mana = await buildSystem(home, process.pid, fault)
  let command: Command | null = null
  const leave = (): void => {
    command?.kill()
    void close(mana).then(() => process.exit(1))
  }
  process.once('SIGTERM', leave)
  process.once('SIGINT', () => {
    isStopped = true
    say('\nCtrl-C: the run pauses, then the system is taken down; once more stops at once')
  })
  try {
    say('starting 3 peers, a node with v1 in test, staging and production, and their clients …')
    await mana.start()
    const hook = await openHook()
    const env = { ...process.env, ...planEnvironment(mana, hook.url, pace) }
    command = openCommand({ home, env, out: given.json ? 2 : 'inherit', plan })
    return await migrate({ mana, home, command, messages: hook.messages }, fault, until)
  } finally {
    process.off('SIGTERM', leave)
    await close(mana)
  }
}

async function migrate(site: Site, fault: Fault | null, until: string | null): Promise<number> {
  const began = Date.now()
  say(fault === null ? 'v1 serves; the migration begins' : `v1 serves; v2 has a fault in production: ${faults[fault]}`)
  const run = site.command.run('run', '--yes', ...(until === null ? [] : ['--until', until]))
  await answerFor(site, run)
  if (isStopped) return (await run, 1)
  if (given.rollback && triggerOf(await site.command.events()) === null) {
    say('v2 serves everybody; now everything is turned back')
    await site.command.run('rollback', '--yes', '--note', 'to show that it can')
  }
  await run
  const seconds = Math.round((Date.now() - began) / 100) / 10
  const stats = await ask<ClientsReport>(site.mana, 'GET', 'stats')
  await ask(site.mana, 'PUT', 'stop')
  const ledger = await ask<LedgerReport>(site.mana, 'GET', 'ledger')
  const proof = await prove(ledger, (environment) => `http://127.0.0.1:${site.mana.ports[environment]}`)
  for (const line of [...proof.wrong.slice(0, 5), ...(fault === null ? stats.faults : [])]) say(line)
  const summary = await summarise(site, { seconds, stats, proof, fault })
  if (given.json) process.stdout.write(`${JSON.stringify(summary)}\n`)
  else process.stdout.write(summaryText(summary))
  return isGood(summary) ? 0 : 1
}

/**
 * The person, wherever the run asks one: it waits, and its guards watch on. Ends with the run, or where all is to be turned back instead of v1 being
 * retired.
 */
async function answerFor({ command }: Site, run: Promise<unknown>): Promise<void> {
  let isOver = false
  const over = () => (isOver = true)
  run.then(over, over)
  while (!isOver && !isStopped) {
    const step = askingStep(await command.events())
    if (step === 'go-retire' && given.rollback) return
    if (step !== null) await command.run('approve', step, '--note', 'agreed by the example, in place of a person')
    await sleep(lookMs)
  }
}

interface Measured {
  readonly seconds: number
  readonly stats: ClientsReport
  readonly proof: Proof
  readonly fault: Fault | null
}

async function summarise(site: Site, { seconds, stats, proof, fault }: Measured): Promise<Summary> {
  const events = await site.command.events()
  const state = fold(events)
  if (!state) throw new Error('the journal has no run')
  const nodes = Object.values(stats.nodes)
  const sum = (read: (node: (typeof nodes)[number]) => number) => nodes.reduce((all, each) => all + read(each), 0)
  const trigger = triggerOf(events)
  const lastV2 = Math.max(...nodes.map((node) => node.lastV2 ?? 0))
  const isBack = state.outcome === 'rolled-back'
  const report = await writeReport(site.command, site.home, 'mana', {
    requests: { served: sum((n) => n.served), failed: sum((n) => n.failed) },
  })
  return {
    outcome: state.outcome ?? 'paused',
    seconds,
    environment: given.environment,
    requests: {
      served: sum((node) => node.served),
      failed: sum((node) => node.failed),
      byV2: sum((node) => node.byV2),
      triedAgain: sum((node) => node.triedAgain),
    },
    longestRequestMs: Math.max(...nodes.map((node) => node.longestMs)),
    transactions: { promised: proof.transactions, lost: proof.wrong.length },
    rolledBackEqual: isBack ? isRestored(state) && proof.wrong.length === 0 : null,
    targets: targetsIn(site.home),
    fault,
    trigger: trigger === null ? null : { step: trigger.step, gate: trigger.gate, why: trigger.why },
    undoneMs: trigger === null || lastV2 === 0 ? null : Math.max(0, lastV2 - trigger.at),
    wayBackMs: wayBackMs(events),
    messages: site.messages(),
    report,
  }
}

function targetsIn(home: string): readonly Figure[] {
  const file = join(home, 'figures.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as FiguresReport).figures : []
}

/** With a fault it is good that it was caught and undone; without one, that nobody noticed. */
function isGood({ fault, outcome, rolledBackEqual, requests, transactions }: Summary): boolean {
  if (transactions.lost > 0 || rolledBackEqual === false) return false
  const wanted =
    fault !== null || given.rollback ? 'rolled-back' : given.environment === 'production' ? 'done' : 'paused'
  return outcome === wanted && (fault !== null || requests.failed === 0)
}

async function ask<T>(mana: Mana, method: 'GET' | 'PUT', what: string): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${mana.ports.clients}/${what}`, { method })
  if (!answer.ok) throw new Error(`the clients answered ${answer.status} to ${what}`)
  return (await answer.json()) as T
}

async function close(mana: Mana): Promise<void> {
  await mana.stopAll()
  rmSync(mana.home, { recursive: true, force: true })
}

function faultNamed(name: string | undefined): Fault | null {
  if (name === undefined || isFault(name)) return name ?? null
  return refuse(`there is no fault "${name}": there are ${Object.keys(faults).join(', ')}`)
}

function environmentNamed(name: string): Environment {
  return (
    environments.find((each) => each === name) ??
    refuse(`there is no environment "${name}": there are ${environments.join(', ')}`)
  )
}

endWith(main())

/**
 * The main job: a NeonHub v3.3 under live load, taken to v4.0 by one plan and, with `--rollback`, back again. Starts a PostgreSQL, the system and its
 * clients in a temporary folder, runs `changeover` as a user would, and measures what the clients saw. Knows no step of the plan.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Finding, fold, type RunState } from 'changeover'
import { type PostgresServer, postgresSources, startPostgres } from 'changeover/testing'
import { type Command, openCommand } from '../stage/command.ts'
import { endWith, refuse } from '../stage/end.ts'
import { wordsGiven } from '../stage/words-given.ts'
import { openHook } from '../stage/hook.ts'
import { writeReport } from '../stage/report.ts'
import { triggerOf } from '../stage/told-by-journal.ts'
import type { ClientsReport } from './clients.ts'
import type { LedgerRecord } from './clients/ledger.ts'
import { compare, disagreements, photograph, type Photograph, proof } from './facts.ts'
import { planEnvironment } from './plan-environment.ts'
import { servedBefore } from './rig.ts'
import { rowsMoved } from './rows-moved.ts'
import { type Back, type FaultCaught, figuresOf, type Summary, summaryText } from './summary.ts'
import { buildSystem, type NeonHub } from './system.ts'
import { type Fault, faultFrom } from './v4/fault.ts'

const project = join(import.meta.dirname, '..', '..')
const plan = join(import.meta.dirname, 'changeover.config.ts')
const usage = `Takes a NeonHub from v3.3 to v4.0 under live load.

  npm start                     the whole upgrade, on 100,000 users and 20,000 models
  npm start -- --rows 1000000   more users; models follow
  npm start -- --rollback       goes on to write through v4, rolls everything back, and proves both
  npm start -- --fault errors   v4 is bad at something (errors, slow, functions): a trigger turns it back
  npm start -- --json           the last line is one JSON object
  npm start -- --keep           leaves the folder of the system for a look`

const given = wordsGiven({
  rows: { type: 'string', default: '100000' },
  rate: { type: 'string', default: '150' },
  rollback: { type: 'boolean', default: false },
  fault: { type: 'string', default: 'none' },
  json: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
})
/** How `changeover` ends when the run was rolled back. */
const rolledBack = 5
const say = (line: string): void => void (given.json ? process.stderr : process.stdout).write(`${line}\n`)

interface Site {
  readonly server: PostgresServer
  readonly hub: NeonHub
  readonly home: string
  readonly command: Command
  readonly fault: Fault
  readonly messages: () => number
}

async function main(): Promise<number> {
  if (given.help) return (process.stdout.write(`${usage}\n`), 0)
  const rows = wholeNumber('rows', given.rows)
  const rate = wholeNumber('rate', given.rate)
  const fault = faultGiven()
  const home = mkdtempSync(join(tmpdir(), 'changeover-neonhub-'))
  const site = await build(home, rows, rate, fault)
  const leave = (): void => void close(site).then(() => process.exit(1))
  process.once('SIGTERM', leave)
  process.once('SIGINT', () => say('\nCtrl-C: the run pauses, then the system is taken down; once more stops at once'))
  try {
    return await upgrade(site)
  } finally {
    process.off('SIGTERM', leave)
    await close(site)
  }
}

async function build(home: string, rows: number, rate: number, fault: Fault): Promise<Site> {
  const source = postgresSources().found.includes('embedded') ? 'embedded' : 'system'
  say(`starting PostgreSQL (${source}) on loopback …`)
  const settings = { shared_buffers: '512MB', max_wal_size: '4GB', wal_compression: 'on', ...servedBefore }
  const server = await startPostgres({ source, settings })
  say(`filling NeonHub v3.3 with ${rows.toLocaleString('en')} users …`)
  const url = server.url('neonhub')
  const hub = await buildSystem({ folder: home, url, rows, rate, v4Phase: 'auto', owner: process.pid })
  for (const program of ['coordinator', 'v3', 'gateway', 'clients'] as const) await hub.start(program)
  const hook = await openHook()
  const env = { ...process.env, ...planEnvironment(hub, hook.url, fault) }
  const command = openCommand({ home, env, out: given.json ? 2 : 'inherit', plan })
  return { server, hub, home, command, fault, messages: hook.messages }
}

/** Runs the plan up to where v3 would be retired: until then everything can be turned back. */
async function upgrade(site: Site): Promise<number> {
  const before = await photograph(site.hub.url)
  const began = Date.now()
  say('v3 serves its clients; the upgrade begins')
  const code = await site.command.run('run', '--yes', '--until', 'criteria')
  const seconds = (Date.now() - began) / 1000
  if (code !== (site.fault === 'none' ? 0 : rolledBack)) {
    await site.command.run('status')
    return code === 0 ? 1 : code
  }
  const caught = site.fault === 'none' ? null : await turnedBackByItself(site, before)
  if (caught === null) await verify(site)
  const back = caught === null && given.rollback ? await turnBack(site, before) : null
  const state = await stateOf(site)
  const summary = await summarise(site, state, seconds, began, { back, caught })
  const report = await writeReport(site.command, site.home, 'neonhub', figuresOf(summary))
  if (given.json) process.stdout.write(`${JSON.stringify({ ...summary, report })}\n`)
  else process.stdout.write(summaryText(summary, state, { messages: site.messages(), report }))
  // Before a fault is caught, clients meet it: that is what it is for.
  if (caught) return caught.equal && caught.trigger !== '' ? 0 : 1
  return summary.requests.failed === 0 && back?.equal !== false ? 0 : 1
}

/** A fault of v4 was asked for, and the run came back without anybody's word: which trigger saw it, how long v4 answered on, and that nothing is lost. */
async function turnedBackByItself(site: Site, before: Photograph): Promise<FaultCaught> {
  const caught = triggerOf(await site.command.events())
  const { lastAnswerAt, clients } = await ask<ClientsReport>(site, 'stats')
  const { equal, checked } = await prove(site, before)
  return {
    fault: site.fault,
    trigger: caught?.gate ?? '',
    why: caught?.why ?? '',
    lastOnV4Ms: caught ? Math.max(0, lastAnswerAt.v4 - caught.at) : null,
    failedRequests: clients.v3.failed + clients.v4.failed,
    equal,
    checked,
  }
}

/** Lets v4's clients write for a while, rolls everything back, and proves it: facts, every untouched row, and every acknowledged write in v3's shape. */
async function turnBack(site: Site, before: Photograph): Promise<Back> {
  say('v4 serves its clients; they write for 3 seconds more, then everything is rolled back')
  await sleep(3_000)
  const apart = await disagreements(site.hub.url)
  const writtenByV4 = (await ask<ClientsReport>(site, 'stats')).clients.v4.served
  const began = Date.now()
  await mustBe(rolledBack, await site.command.run('rollback', '--yes'))
  const seconds = (Date.now() - began) / 1000
  const { equal, checked } = await prove(site, before)
  const agreed = apart.users + apart.models === 0
  if (!agreed) say(JSON.stringify({ apart }))
  return { equal: equal && agreed, seconds, writtenByV4, checked }
}

/** Facts, every row that no client touched, and every acknowledged write: all as v3 knows them. The clients are silent from here on. */
async function prove(site: Site, before: Photograph): Promise<{ readonly equal: boolean; readonly checked: number }> {
  await fetch(`http://127.0.0.1:${site.hub.ports.clients}/phase`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ v3: 'off', v4: 'off' }),
  })
  const ledger = await ask<LedgerRecord>(site, 'ledger')
  const rows = compare(before, await photograph(site.hub.url), ledger)
  const kept = await proof(site.hub.url, ledger)
  const restored = (await stateOf(site)).findings.some((finding) => finding.code === 'run.restored')
  const equal = rows.equal && kept.equal && restored
  if (!equal) say(JSON.stringify({ rows, kept, restored }))
  return { equal, checked: kept.checked.users + kept.checked.models + kept.checked.audit }
}

async function summarise(
  site: Site,
  state: RunState,
  seconds: number,
  from: number,
  { back, caught }: Pick<Summary, 'caught'> & { readonly back: Back | null },
): Promise<Summary> {
  const stats = await ask<ClientsReport>(site, `stats?from=${from}`)
  const moved = rowsMoved(await site.command.events())
  return {
    outcome: back || caught ? (state.outcome ?? 'failed') : 'done',
    rows: moved.rows,
    rowsPerSecond: Math.round(moved.rows / Math.max(moved.seconds, 0.001)),
    seconds: round(seconds),
    requests: { served: stats.requests.served, failed: stats.requests.failed },
    longestWritePauseMs: round(stats.longestWritePauseMs),
    rolledBackEqual: (back ?? caught)?.equal ?? null,
    rollback: back,
    caught,
  }
}

/** The facts of every target are compared once more. What is a risk was said while it ran. */
async function verify(site: Site): Promise<void> {
  const { code, said } = await site.command.says('verify', '--json')
  const { findings = [] } = JSON.parse(said || '{}') as { findings?: readonly Finding[] }
  for (const each of findings.filter(({ level }) => level === 'block')) say(`${each.code}: ${each.message}`)
  await mustBe(0, code)
  say(`verified once more: ${findings.length} answers, nothing that blocks`)
}

async function mustBe(wanted: number, code: number): Promise<void> {
  if (code !== wanted) throw new Error(`changeover ended with ${code}, not ${wanted}`)
}

async function stateOf(site: Site): Promise<RunState> {
  const state = fold(await site.command.events())
  if (!state) throw new Error('the journal has no run')
  return state
}

async function ask<T>(site: Site, what: string): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${site.hub.ports.clients}/${what}`)
  if (!answer.ok) throw new Error(`the clients answered ${answer.status} to ${what}`)
  return (await answer.json()) as T
}

async function close(site: Site): Promise<void> {
  await site.hub.stopAll()
  await site.server.stop()
  if (given.keep) {
    const kept = join(project, 'out', 'neonhub', 'system')
    rmSync(kept, { recursive: true, force: true })
    cpSync(site.home, kept, { recursive: true })
    say(`kept ${relative(process.cwd(), kept)}`)
  }
  rmSync(site.home, { recursive: true, force: true })
}

function faultGiven(): Fault {
  try {
    return faultFrom(given.fault)
  } catch (error) {
    return refuse(`--fault: ${(error as Error).message}`)
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  return refuse(`--${name} takes a whole number above 0, not "${text}"`)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

endWith(main())

/** `chaos.ts HOME kill|partition`: does the harm, waits until the fleet is over it, and prints how long that took. The load runs all the while. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Program, startProgram } from '../stage/background.ts'
import type { ChaosReport } from './chaos-report.ts'
import { makeWhole, partition } from './distance.ts'
import { logFile, type NodeAddress, nodeWords, pidFile, readInventory } from './inventory.ts'
import type { LoadFigures } from './load-figures.ts'
import { planIn } from './plan-environment.ts'

const partedMs = 3_000
const patienceMs = 60_000
/** Nodes leave one alone for a moment that did not answer. */
const aftermathMs = 1_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const place = planIn(process.env)
const [home = '', scenario = ''] = process.argv.slice(2)
const { nodes } = readInventory(home)
const names = nodes.map(({ id }) => id)
/** Of the last group but one: no canary, and not far. */
const victim = nodes.at(-6) ?? nodes[0]!
const others = nodes.filter((each) => each !== victim)

const isHealthy = async ({ admin }: NodeAddress): Promise<boolean> => {
  const answer = await fetch(`${admin}/health`, { signal: AbortSignal.timeout(2_000) }).catch(() => null)
  await answer?.arrayBuffer()
  return answer?.ok === true
}

/** Who is not, and what each says of it. */
async function sick(of: readonly NodeAddress[]): Promise<string> {
  const all = await Promise.all(
    of.map(async ({ id, admin }) => {
      const answer = await fetch(`${admin}/health`).catch(() => null)
      return answer?.ok ? [] : [`${id} ${(await answer?.text()) ?? 'does not answer'}`]
    }),
  )
  return all.flat().join(', ')
}

/** Milliseconds until all of them are. */
async function whole(of: readonly NodeAddress[]): Promise<number> {
  const began = performance.now()
  while (!(await Promise.all(of.map(isHealthy))).every(Boolean)) {
    if (performance.now() - began > patienceMs)
      throw new Error(`${await sick(of)} not healthy after ${patienceMs / 1_000} s`)
    await pause(50)
  }
  return Math.round(performance.now() - began)
}

const loadFigures = async (): Promise<LoadFigures> =>
  (await (await fetch(`${place.load}/figures`)).json()) as LoadFigures

/** Operations that began between those times and failed: they are waited for, since users try again for seconds. */
async function failedFrom(began: number, ended: number): Promise<number> {
  const patience = Date.now() + patienceMs
  for (;;) {
    const { failedFrom: all, underWayFrom } = await loadFigures()
    if (underWayFrom === null || underWayFrom > ended) return all.filter((at) => at >= began && at <= ended).length
    if (Date.now() > patience) throw new Error(`an operation of a user has not ended after ${patienceMs / 1_000} s`)
    await pause(100)
  }
}

function program({ id, admin }: NodeAddress): Program {
  const words = nodeWords(victim, {
    home,
    program: place.program,
    version: 'v3',
    owner: place.owner,
    fault: place.fault,
  })
  return {
    name: id,
    command: [process.execPath, ...words],
    folder: home,
    environment: {},
    health: `${admin}/status`,
    log: logFile(home, id),
    pidFile: pidFile(home, id, 'v3'),
  }
}

async function kill(): Promise<Pick<ChaosReport, 'othersMs' | 'recoveredMs'>> {
  process.kill(Number(readFileSync(pidFile(home, victim.id, 'v3'), 'utf8').split('\n')[0]), 'SIGKILL')
  await pause(200)
  const othersMs = await whole(others)
  await startProgram(program(victim))
  return { othersMs, recoveredMs: await whole(nodes) }
}

async function part(): Promise<Pick<ChaosReport, 'othersMs' | 'recoveredMs'>> {
  await partition(place.proxy, [victim.id])
  const othersMs = await pause(partedMs)
    .then(() => whole(others))
    .finally(() => makeWhole(place.proxy, names))
  return { othersMs, recoveredMs: await whole(nodes) }
}

async function report(): Promise<ChaosReport> {
  // An operation under way when the harm is done suffers from it as well.
  const began = (await loadFigures()).underWayFrom ?? Date.now()
  const times = await (scenario === 'kill' ? kill() : part())
  await pause(aftermathMs)
  return { scenario, node: victim.id, ...times, failed: await failedFrom(began, Date.now()) }
}

try {
  const told = await report()
  writeFileSync(join(home, `chaos-${scenario}.json`), JSON.stringify(told))
  process.stdout.write(`${JSON.stringify(told)}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

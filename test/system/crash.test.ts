/**
 * kill -9 to the real process at random moments of the NeonHub run, forward and back, under the load of real clients. After every kill
 * the same command that a person would type goes on; at the end of every run rows, facts and the clients' ledgers must agree.
 * `CHANGEOVER_KILLS=n` and `CHANGEOVER_SEED=n` choose others than the 20 kills of seed 1.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClientsReport } from '../../examples/neonhub/clients.ts'
import type { LedgerRecord } from '../../examples/neonhub/clients/ledger.ts'
import { compare, disagreements, photograph, type Photograph, proof } from '../../examples/neonhub/facts.ts'
import { fold } from '../../src/core/run.ts'
import { openJournalAt, systemClock } from '../../src/engine/index.ts'
import { ended, openRig, type Rig } from '../../examples/neonhub/rig.ts'

const kills = Number(process.env['CHANGEOVER_KILLS'] ?? 20)
const seed = Number(process.env['CHANGEOVER_SEED'] ?? 1)
/** Of the kills of one run, so many hit the way forward and so many the way back. */
const perRun = { forward: 3, back: 2 } as const

let rig: Rig
beforeAll(async () => {
  rig = await openRig('changeover-crash-', 4_000)
})
afterAll(() => rig?.close())

/** Chance that can be had again: a linear congruential generator (Numerical Recipes). */
let state = seed >>> 0
function chance(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}

async function lastRun() {
  const journal = openJournalAt({ folder: join(rig.home, 'changeover'), clock: systemClock })
  const run = (await journal.runs()).at(-1)
  return run === undefined ? undefined : fold(await journal.read(run))
}

/** Kills the command so many times, each after a random part of the time that a whole one takes; then lets it end. Where it was killed. */
async function killedOften(
  first: readonly string[],
  times: number,
  wholeMs: number,
  wanted: number,
): Promise<readonly string[]> {
  const where: string[] = []
  for (let kill = 0; kill < times; kill++) {
    const words = await again(first)
    if (words === undefined) break
    const child = rig.start(...words)
    await Promise.race([ended(child), sleep(200 + chance() * (wholeMs / times) * 1.6)])
    if (child.exitCode !== null) break
    child.kill('SIGKILL')
    await ended(child)
    const at = (await lastRun())?.steps.find((step) => step.status === 'applying' || step.status === 'undoing')
    where.push(at ? `${at.status} ${at.plan.id}` : 'between steps')
  }
  const words = await again(first)
  if (words === undefined) return where
  const last = rig.start(...words)
  const code = await ended(last)
  expect([code, code === wanted ? '' : last.said().slice(-3_000)]).toEqual([wanted, ''])
  return where
}

/** What a person types after a kill: the same again while nothing was begun, `resume` from then on, nothing when it had got there. */
async function again(first: readonly string[]): Promise<readonly string[] | undefined> {
  const run = await lastRun()
  const forward = first[0] === 'run'
  if (!run || (forward ? run.outcome !== undefined : run.way === 'forward')) return first
  return run.paused !== undefined || run.outcome !== undefined ? undefined : ['resume']
}

const ask = async <T>(path: string): Promise<T> =>
  (await (await fetch(`http://127.0.0.1:${rig.hub.ports.clients}/${path}`)).json()) as T

/** Everything that must be so whenever the run is at rest; the clients are silent while it is looked at. */
async function mustHold(before: Photograph, both: boolean): Promise<void> {
  await rig.phase('off', 'off')
  const ledger = await ask<LedgerRecord>('ledger')
  const rows = compare(before, await photograph(rig.hub.url), ledger)
  expect(rows).toMatchObject({ equal: true })
  expect((await proof(rig.hub.url, ledger)).wrong).toEqual([])
  if (both) expect(await disagreements(rig.hub.url)).toEqual({ users: 0, models: 0 })
  const report = await ask<ClientsReport>('stats')
  expect(report.failures).toEqual([])
  expect(report.requests.failed).toBe(0)
  await rig.phase('on', 'auto')
}

describe(`killed ${kills} times with seed ${seed}`, () => {
  it('goes on each time, loses nothing, and fails no request', { timeout: 60_000 + kills * 30_000 }, async () => {
    const before = await photograph(rig.hub.url)
    let spent = { forwardMs: 9_000, backMs: 3_000 }
    const where: string[] = []
    while (where.length < kills) {
      const began = Date.now()
      where.push(...(await killedOften(['run', '--yes', '--until', 'active'], perRun.forward, spent.forwardMs, 0)))
      await mustHold(before, true)
      const turned = Date.now()
      where.push(...(await killedOften(['rollback', '--yes'], perRun.back, spent.backMs, 5)))
      const back = await lastRun()
      expect([back?.outcome, back?.paused]).toEqual(['rolled-back', undefined])
      expect(back?.findings.filter(({ code }) => code.endsWith('restored'))).toMatchObject([{ code: 'run.restored' }])
      await mustHold(before, false)
      spent = { forwardMs: Math.min(40_000, turned - began), backMs: Math.min(15_000, Date.now() - turned) }
    }
    console.log(`killed ${where.length} times: ${where.join(', ')}`)
  })
})

/** A v4 of NeonHub that is bad in a way no health check sees, sent to real clients: a trigger of the plan turns it back, and nobody is asked. */
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ClientsReport } from '../../examples/neonhub/clients.ts'
import type { LedgerRecord } from '../../examples/neonhub/clients/ledger.ts'
import { compare, photograph, proof } from '../../examples/neonhub/facts.ts'
import { v4Nodes } from '../../examples/neonhub/parts.ts'
import { openRig, type Rig } from '../../examples/neonhub/rig.ts'
import { triggerOf } from '../../examples/stage/told-by-journal.ts'
import { openJournalAt, systemClock } from '../../src/engine/index.ts'

let rig: Rig | undefined
afterEach(() => rig?.close())

const eventsOf = async (home: string) => {
  const journal = openJournalAt({ folder: join(home, 'changeover'), clock: systemClock })
  return journal.read((await journal.runs()).at(-1)!)
}

describe("NeonHub's triggers", () => {
  it.each([
    ['errors', 'error-rate'],
    ['slow', 'latency'],
    ['functions', 'works-api-v1-compliance-status'],
  ] as const)('catch the fault "%s", and leave v4 within a second', { timeout: 240_000 }, async (fault, trigger) => {
    rig = await openRig(`changeover-${fault}-`, 500, 150, fault)
    const ask = async <T>(path: string): Promise<T> =>
      (await (await fetch(`http://127.0.0.1:${rig!.hub.ports.clients}/${path}`)).json()) as T
    const before = await photograph(rig.hub.url)
    const { code, said } = await rig.changeover('run', '--yes', '--until', 'criteria')
    expect([code, code === 5 ? '' : said.slice(-3_000)]).toEqual([5, ''])

    const events = await eventsOf(rig.home)
    const caught = triggerOf(events)
    expect(caught).toMatchObject({ gate: trigger })
    const { lastAnswerAt, failures } = await ask<ClientsReport>('stats')
    expect(lastAnswerAt.v4).toBeGreaterThan(0)
    expect(lastAnswerAt.v4 - caught!.at).toBeLessThan(1_000)
    expect(lastAnswerAt.v3).toBeGreaterThan(lastAnswerAt.v4)
    expect(failures.filter(({ status, got }) => status !== 500 || !got.includes('was asked for'))).toEqual([])
    expect(failures.length > 0).toBe(fault === 'errors')

    for (const node of v4Nodes) expect(rig.hub.pid(node)).toBe(undefined)
    expect(events.some((event) => event.type === 'finding.made' && event.finding.code === 'run.restored')).toBe(true)
    await rig.phase('off', 'off')
    const ledger = await ask<LedgerRecord>('ledger')
    expect(compare(before, await photograph(rig.hub.url), ledger)).toMatchObject({ equal: true })
    expect((await proof(rig.hub.url, ledger)).wrong).toEqual([])
    expect((await rig.changeover('run', '--yes')).said).toContain('run.held')
  })
})

/** A node whose modules change versions, under load and over a restart: nothing fails, nothing is lost. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeChain } from './blocks.ts'
import type { Serving } from '../stage/http.ts'
import { runLoad } from './load.ts'
import { startPeer } from './peer.ts'
import { startService } from './service.ts'
import { hashOf, signerOf } from './transactions.ts'

interface Head {
  readonly number: number
  readonly sealed: { readonly transactions: number }
}

/** For what comes by itself, on a machine that has other work too. */
const patient = { timeout: 60_000, interval: 5 }

describe('the service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mana-'))
  const settings = join(folder, 'settings.json')
  const write = (transaction_pool: unknown, sync_service: unknown) =>
    writeFileSync(settings, JSON.stringify({ module_versions: { transaction_pool, sync_service } }))
  const peers: Serving[] = []
  beforeAll(async () => {
    const chain = makeChain(80, 5)
    for (let at = 0; at < 3; at++) peers.push(await startPeer({ port: 0, chain, delayMs: 5 }))
  })
  afterAll(async () => {
    for (const each of peers) await each.stop()
    rmSync(folder, { recursive: true })
  })
  const start = () =>
    startService({
      port: 0,
      peers: peers.map((each) => `http://127.0.0.1:${each.port}`),
      settings,
      state: join(folder, 'state.json'),
      sealMs: 20,
      sealSize: 200,
      poolSize: 500,
    })
  const ask = async (port: number, path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
    return { status: answer.status, text: await answer.text() }
  }
  const statusOf = async (port: number): Promise<unknown> => JSON.parse((await ask(port, '/status')).text)

  it('changes both modules back and forth under load: nothing fails, nothing is lost', async () => {
    write('v1', 'v1')
    const service = await start()
    const load = runLoad({ url: `http://127.0.0.1:${service.port}`, seconds: 2.5, clients: 8, tag: 'switch' })
    const steps = [
      ['v2', 'v2'],
      [{ percent: { v2: 25 } }, 'v1'],
      [{ decide: 'v1', shadow: 50 }, 'v2'],
      ['v2', 'v1'],
      ['v1', 'v2'],
    ]
    for (const [pool, sync] of steps) {
      await sleep(400)
      write(pool, sync)
    }
    const report = await load
    expect([report.errors, report.refused]).toEqual([0, {}])
    while (service.sync.router.calls.status().current < 79) await sleep(10)
    const last = { transaction_pool: { version: 'v1' }, sync_service: { version: 'v2' }, trouble: null }
    await expect.poll(() => statusOf(service.port), patient).toMatchObject(last)
    // Between the one look and the other a seal may take some out of the pool: they agree when it is done with them.
    const kept = async () => {
      const head = JSON.parse((await ask(service.port, '/head')).text) as Head
      return [head.number, head.sealed.transactions + service.pool.versions.v1.size()]
    }
    await expect.poll(kept, patient).toEqual([79, report.accepted])
    const metrics = (await ask(service.port, '/metrics')).text
    for (const name of [
      'changeover_router_calls_total{module="transaction_pool",version="v2",method="submit"}',
      'mana_sync_block 79',
      'mana_http_requests_total{route="POST /transactions",status="201"}',
    ])
      expect(metrics).toContain(name)
    expect((await ask(service.port, '/nothing')).status).toBe(404)
    await service.stop()
  })

  it('goes on after a restart, in the other version too', async () => {
    write('v2', 'v2')
    const first = await start()
    const signer = signerOf('restart')
    // A gap keeps it in the pool.
    const kept = signer.transfer(signer.address, 3, 1, 5)
    const answer = await fetch(`http://127.0.0.1:${first.port}/transactions`, {
      method: 'POST',
      body: JSON.stringify(kept),
      headers: { connection: 'close' },
    })
    expect(answer.status).toBe(201)
    await first.stop()
    write('v1', 'v1')
    const second = await start()
    expect(JSON.parse((await ask(second.port, `/transactions/${hashOf(kept)}`)).text)).toEqual(kept)
    expect(second.sync.router.calls.status().current).toBe(79)
    write('v9', 'v2')
    await expect
      .poll(() => statusOf(second.port), patient)
      .toMatchObject({
        transaction_pool: { version: 'v1' },
        sync_service: { version: 'v2' },
        trouble: expect.stringContaining('a module has') as string,
      })
    await second.stop()
  })
})

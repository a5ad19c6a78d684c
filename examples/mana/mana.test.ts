/** Mana's modules: both versions do the same, states move whole, and a node changes versions under load without losing a transaction. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkMigration } from '../../src/router/index.ts'
import { faultOf, makeChain } from './blocks.ts'
import type { Serving } from '../stage/http.ts'
import { Ledger } from './ledger.ts'
import { runLoad } from './load.ts'
import { poolMigration, syncMigration } from './migrations.ts'
import { startPeer } from './peer.ts'
import { makePoolNode } from './pool-node.ts'
import { PoolV1 } from './pool/v1.ts'
import { PoolV2 } from './pool/v2.ts'
import { startService } from './service.ts'
import { readSetting, settingFrom } from './settings.ts'
import { SyncV1 } from './sync/v1.ts'
import { SyncV2 } from './sync/v2.ts'
import { hashOf, isSigned, type SignedTransaction, signerOf } from './transactions.ts'

const signers = Array.from({ length: 12 }, (_, i) => signerOf(`test ${i}`))
/** Numbers that look drawn and are the same each time. */
function sequence(seed: number) {
  let state = seed
  return (below: number) => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % below
}

describe('a transaction', () => {
  it('is signed by who it says, over every field', () => {
    const good = signers[0]!.transfer(signers[1]!.address, 0, 5, 2)
    expect(isSigned(good)).toBe(true)
    for (const change of [{ amount: 6 }, { nonce: 1 }, { fee: 3 }, { to: signers[2]!.address }])
      expect(isSigned({ ...good, ...change })).toBe(false)
  })
})

const makers = {
  v1: (ledger: Ledger, maxSize = 40) => new PoolV1((a) => ledger.account(a), limits(maxSize)),
  v2: (ledger: Ledger, maxSize = 40) => new PoolV2((a) => ledger.account(a), limits(maxSize)),
}
const limits = (maxSize: number) => ({ maxSize, maxFuture: 8, minFee: 2, bump: 10 })

describe.each(['v1', 'v2'] as const)('the pool %s', (version) => {
  const [ann, bob] = [signers[0]!, signers[1]!]
  const fresh = (maxSize?: number) => makers[version](new Ledger(1_000), maxSize)

  it('refuses with the reason', async () => {
    const pool = fresh()
    const good = ann.transfer(bob.address, 0, 5, 5)
    const reasonOf = async (transaction: unknown) => {
      const done = await pool.submit(transaction as SignedTransaction)
      return done.accepted ? 'accepted' : done.reason
    }
    expect(await reasonOf({ ...good, amount: 6 })).toBe('bad-signature')
    expect(await reasonOf({ ...good, from: bob.address })).toBe('wrong-sender')
    for (const wrong of [
      null,
      'text',
      {},
      { ...good, nonce: -1 },
      { ...good, amount: 1.5 },
      { ...good, signature: 'zz' },
    ])
      expect(await reasonOf(wrong)).toBe('malformed')
    expect(await reasonOf(good)).toBe('accepted')
    expect(await reasonOf(good)).toBe('known')
    expect(await reasonOf(ann.transfer(bob.address, 8, 5, 5))).toBe('nonce-too-high')
    expect(await reasonOf(ann.transfer(bob.address, 0, 6, 5))).toBe('fee-too-low')
    expect(await reasonOf(ann.transfer(bob.address, 1, 1, 1))).toBe('fee-too-low')
    expect(await reasonOf(ann.transfer(bob.address, 1, 990, 2))).toBe('insufficient-funds')
    expect(pool.size()).toBe(1)
  })

  it('replaces for a higher fee, evicts the cheapest last one when it is full, and leaves no gap', async () => {
    const pool = fresh(3)
    for (const [nonce, fee] of [
      [0, 5],
      [1, 3],
      [2, 4],
    ] as const)
      await pool.submit(ann.transfer(bob.address, nonce, 1, fee))
    expect((await pool.submit(bob.transfer(ann.address, 0, 1, 4))).accepted).toBe(false)
    expect((await pool.submit(bob.transfer(ann.address, 0, 1, 5))).accepted).toBe(true)
    expect(pool.byAddress(ann.address).map((each) => each.nonce)).toEqual([0, 1])
    expect((await pool.submit(ann.transfer(bob.address, 1, 1, 9))).accepted).toBe(true)
    expect(pool.pending(10).map((each) => [each.from === ann.address ? 'ann' : 'bob', each.nonce, each.fee])).toEqual([
      ['ann', 0, 5],
      ['ann', 1, 9],
      ['bob', 0, 5],
    ])
    expect(pool.nextNonce(ann.address)).toBe(2)
  })
})

it('both pools answer the same, question by question, over thousands of them', async () => {
  const draw = sequence(7)
  const ledger = new Ledger(2_000)
  const [one, two] = [makers.v1(ledger), makers.v2(ledger)]
  for (let turn = 0; turn < 1_500; turn++) {
    const signer = signers[draw(signers.length)]!
    const { nonce } = ledger.account(signer.address)
    const transaction = signer.transfer(signers[draw(12)]!.address, nonce + draw(9), 1 + draw(40), 1 + draw(20))
    expect(await two.submit(transaction)).toEqual(await one.submit(transaction))
    if (turn % 10 !== 0) continue
    const included = ledger.apply(one.pending(4)).map(hashOf)
    expect(two.pending(50)).toEqual(one.pending(50))
    expect(two.remove(included)).toBe(one.remove(included))
    expect(two.byAddress(signer.address)).toEqual(one.byAddress(signer.address))
    expect([two.size(), two.nextNonce(signer.address)]).toEqual([one.size(), one.nextNonce(signer.address)])
    if (turn % 100 !== 0) continue
    // Half way through each, its state goes to the other and back.
    expect(checkMigration(poolMigration, [one.export()])).toEqual([])
    const carried = poolMigration.forward(one.export(), two.export())
    two.import(carried)
    one.import(poolMigration.backward(carried, one.export()))
  }
})

describe.each([
  ['v1', SyncV1],
  ['v2', SyncV2],
] as const)('the sync %s', (_version, Sync) => {
  const chain = makeChain(60, 5)
  const opened: Serving[] = []
  afterAll(() => Promise.all(opened.map((each) => each.stop())))
  const peer = async (more: object = {}) => {
    const serving = await startPeer({ port: 0, chain, ...more })
    opened.push(serving)
    return `http://127.0.0.1:${serving.port}`
  }
  const synced = async (peers: readonly string[]) => {
    const numbers: number[] = []
    const sync = new Sync({ peers, taken: (block) => void numbers.push(block.number), pollMs: 5, patienceMs: 300 })
    sync.start()
    for (let turn = 0; turn < 1_000 && sync.status().current < 59; turn++) await sleep(10)
    await sync.stop()
    return { sync, numbers }
  }

  it('holds the whole chain, each block once and in order', async () => {
    const { sync, numbers } = await synced([await peer(), await peer(), await peer()])
    expect(numbers).toEqual(chain.map((block) => block.number))
    expect(chain.every((block) => faultOf(sync.block(block.number)!, chain[block.number - 1] ?? null) === null)).toBe(
      true,
    )
    expect(sync.block(60)).toBeNull()
  })

  it('comes through peers that lie, refuse, or are not there', async () => {
    const { sync, numbers } = await synced([
      'http://127.0.0.1:9',
      await peer({ fault: 'corrupt' }),
      await peer({ fault: 'gone' }),
      await peer(),
    ])
    expect(numbers).toEqual(chain.map((block) => block.number))
    expect(sync.peers().filter((each) => each.failures > 0).length).toBeGreaterThanOrEqual(3)
  })

  it('stops in the middle and goes on from its state', async () => {
    const url = await peer({ delayMs: 3 })
    const first = new Sync({ peers: [url], taken: () => undefined })
    first.start()
    while (first.status().current < 5) await sleep(2)
    await first.stop()
    const state = structuredClone(first.export())
    expect(state.current_block).toBeLessThan(59)
    const numbers: number[] = []
    const second = new Sync({ peers: [], taken: (block) => void numbers.push(block.number) })
    second.import(state as never)
    second.start()
    while (second.status().current < 59) await sleep(5)
    await second.stop()
    expect(numbers[0]).toBe(state.current_block + 1)
    const side = Sync === (SyncV1 as unknown) ? 'first' : 'second'
    expect(checkMigration(syncMigration, [second.export()], { side }).filter((each) => each.level === 'block')).toEqual(
      [],
    )
  })
})

/** For what comes by itself, on a machine that has other work too. */
const patient = { timeout: 10_000, interval: 5 }

describe('a pool node', () => {
  const fill = async (count: number) => {
    const node = makePoolNode(new Ledger())
    const sent: string[] = []
    const submit = async (from: number, to: number) => {
      for (let at = from; at < to; at++) {
        const signer = signers[at % signers.length]!
        const done = await node.router.calls.submit(
          signer.transfer(signers[0]!.address, Math.floor(at / signers.length), 1, 1 + (at % 5)),
        )
        expect(done.accepted).toBe(true)
        if (done.accepted) sent.push(done.hash)
      }
    }
    await submit(0, count)
    return { node, sent, submit }
  }
  const all = (node: ReturnType<typeof makePoolNode>) => node.pending(1_000).map(hashOf).sort()

  it('keeps every transaction through every way to decide', async () => {
    const { node, sent } = await fill(60)
    for (const value of [
      'v2',
      { percent: { v2: 10 } },
      { percent: { v2: 50 } },
      'v2',
      { decide: 'v1', shadow: 100 },
      { percent: { v2: 100 } },
      'v1',
    ]) {
      await node.set(readSetting(value))
      expect([value, all(node)]).toEqual([value, [...sent].sort()])
      for (const { address } of signers) {
        const sender = node.router.for({ sender: address })
        expect(sender.byAddress(address).map((each) => each.nonce)).toEqual([0, 1, 2, 3, 4])
      }
    }
    expect([node.versions.v1.size(), node.versions.v2.size()]).toEqual([60, 0])
  })

  it('splits by sender, and includes from both', async () => {
    const { node } = await fill(48)
    await node.set(readSetting({ percent: { v2: 50 } }))
    const [one, two] = [node.versions.v1.size(), node.versions.v2.size()]
    expect([one + two, one > 0, two > 0, node.held()]).toEqual([48, true, true, 'split'])
    const best = node.pending(10)
    node.included(best.map(hashOf))
    expect(node.versions.v1.size() + node.versions.v2.size()).toBe(38)
  })

  it('runs v2 in the shadow, which then says the same', async () => {
    const { node, submit } = await fill(24)
    await node.set(readSetting({ decide: 'v1', shadow: 100 }))
    await submit(24, 48)
    // v1 has answered; v2 may still be checking signatures. Asked at once it would rightly say otherwise.
    const seen = () => node.router.metrics().shadow.v2
    await expect.poll(() => seen()?.['submit']?.runs, patient).toBe(24)
    for (const { address } of signers) node.router.calls.byAddress(address)
    await expect.poll(() => seen()?.['byAddress']?.runs, patient).toBe(12)
    expect(seen()?.['submit']).toMatchObject({ runs: 24, matched: 24, mismatched: 0, timedOut: 0 })
    expect(seen()?.['byAddress']).toMatchObject({ runs: 12, matched: 12 })
    expect(node.router.mismatches()).toEqual([])
  })
})

describe('settings', () => {
  it('say versions, shares and shadows, and nothing else', () => {
    expect(readSetting({ decide: { percent: { v2: 5 } }, shadow: 0 })).toEqual({
      decide: { percent: { v2: 5 } },
      shadow: 0,
    })
    for (const wrong of [
      'v3',
      null,
      7,
      { percent: { v2: 101 } },
      { percent: { v1: 10 } },
      { decide: 'v1', shadow: '5' },
    ])
      expect(() => readSetting(wrong)).toThrow(RangeError)
    expect(settingFrom({ TRANSACTION_POOL_VERSION: 'v2' }, 'TRANSACTION_POOL_VERSION').decide).toBe('v2')
    expect(() => settingFrom({ SYNC_SERVICE_VERSION: 'v2 ' }, 'SYNC_SERVICE_VERSION')).toThrow('it says "v1" or "v2"')
  })
})

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
    const head = JSON.parse((await ask(service.port, '/head')).text) as {
      number: number
      sealed: { transactions: number }
    }
    expect([head.number, head.sealed.transactions + service.pool.versions.v1.size()]).toEqual([79, report.accepted])
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

/** Both pools: each refuses, replaces and evicts as it should, and they answer alike. */
import { describe, expect, it } from 'vitest'
import { checkMigration } from '../../../src/router/index.ts'
import { Ledger } from '../ledger.ts'
import { poolMigration } from '../migrations.ts'
import { PoolV1 } from './v1.ts'
import { PoolV2 } from './v2.ts'
import { hashOf, type SignedTransaction, signerOf } from '../transactions.ts'

const signers = Array.from({ length: 12 }, (_, i) => signerOf(`test ${i}`))
/** Numbers that look drawn and are the same each time. */
function sequence(seed: number) {
  let state = seed
  return (below: number) => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % below
}

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

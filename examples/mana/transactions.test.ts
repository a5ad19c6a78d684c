/** A transaction is whose it says it is. */
import { describe, expect, it } from 'vitest'
import { isSigned, signerOf } from './transactions.ts'

const signers = ['ann', 'bob', 'eve'].map(signerOf)

describe('a transaction', () => {
  it('is signed by who it says, over every field', () => {
    const good = signers[0]!.transfer(signers[1]!.address, 0, 5, 2)
    expect(isSigned(good)).toBe(true)
    for (const change of [{ amount: 6 }, { nonce: 1 }, { fee: 3 }, { to: signers[2]!.address }])
      expect(isSigned({ ...good, ...change })).toBe(false)
  })
})

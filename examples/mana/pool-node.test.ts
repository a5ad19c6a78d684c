/** The pool of a node: its transactions stay whole through every way to decide, and the shadow says the same. */
import { describe, expect, it } from 'vitest'
import { Ledger } from './ledger.ts'
import { makePoolNode } from './pool-node.ts'
import { readSetting } from './settings.ts'
import { hashOf, signerOf } from './transactions.ts'

const signers = Array.from({ length: 12 }, (_, i) => signerOf(`test ${i}`))
/** For what comes by itself, on a machine that has other work too. */
const patient = { timeout: 60_000, interval: 5 }

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

/** Both syncs: a whole chain, through bad peers, and on from a state that was taken in the middle. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { checkMigration } from '../../../src/router/index.ts'
import { faultOf, makeChain } from '../blocks.ts'
import type { Serving } from '../../stage/http.ts'
import { syncMigration } from '../migrations.ts'
import { startPeer } from '../peer.ts'
import { SyncV1 } from './v1.ts'
import { SyncV2 } from './v2.ts'

const failuresOf = (sync: SyncV1 | SyncV2, url: string) => sync.peers().find((each) => each.url === url)!.failures

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
  const synced = async (
    peers: readonly string[],
    isEnough: (sync: InstanceType<typeof Sync>) => boolean = () => true,
  ) => {
    const numbers: number[] = []
    const sync = new Sync({ peers, taken: (block) => void numbers.push(block.number), pollMs: 5, patienceMs: 20_000 })
    sync.start()
    while (sync.status().current < 59 || !isEnough(sync)) await sleep(10)
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
    const bad = ['http://127.0.0.1:9', await peer({ fault: 'corrupt' }), await peer({ fault: 'gone' })]
    const good = await peer()
    const { sync, numbers } = await synced([...bad, good], (each) => bad.every((url) => failuresOf(each, url) > 0))
    expect(numbers).toEqual(chain.map((block) => block.number))
    expect(failuresOf(sync, good)).toBe(0)
  })

  it('stops in the middle and goes on from its state', async () => {
    const url = await peer({ delayMs: 3 })
    let reached = () => undefined as void
    const fifth = new Promise<void>((resolve) => (reached = resolve))
    const first = new Sync({ peers: [url], taken: ({ number }) => (number === 5 ? reached() : undefined) })
    first.start()
    await fifth
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

it('goes from v2 to v1 whole, also where blocks wait in v2 for those before them', async () => {
  const chain = makeChain(4, 1)
  const v2 = new SyncV2({ peers: ['http://127.0.0.1:9'], taken: () => undefined })
  v2.import({ ...v2.export(), chain: chain.slice(0, 1), block_queue: chain.slice(2) })
  const state = v2.export()
  expect(state.block_queue).toHaveLength(2)
  const moved = syncMigration.backward(state, undefined)
  const v1 = new SyncV1({ peers: [], taken: () => undefined })
  v1.import(moved)
  expect(v1.export()).toEqual(moved)
})

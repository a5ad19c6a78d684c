/** Frames arrive whole or not at all; two nodes speak what both know; what is not known is refused, never guessed. */
import fc from 'fast-check'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type Hello, negotiate, readHello } from './features.ts'
import { encodeFrame, FrameError, FrameReader, frameTypes, largestFrame } from './frame.ts'
import { Peer } from './peer.ts'
import { type Listening, listen } from './server.ts'
import { PeerLost, Refused } from './stream.ts'

const hello = (id: string, version: 'v1' | 'v3' = 'v3', ...features: Hello['features'][number][]): Hello => ({
  id,
  version,
  features,
  pbftGroups: [],
})

describe('frames', () => {
  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 500 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 64 }),
        (bodies, piece) => {
          const stream = Buffer.concat(bodies.map((body, at) => encodeFrame(3, at, { at }, body)))
          const reader = new FrameReader()
          const frames = []
          for (let at = 0; at < stream.length; at += piece) frames.push(...reader.take(stream.subarray(at, at + piece)))
          expect(frames.map(({ id, head, body }) => [id, head, Buffer.from(body)])).toEqual(
            bodies.map((body, at) => [at, { at }, Buffer.from(body)]),
          )
        },
      ),
      { numRuns: 50 },
    )
  })

  it('end the stream when they are damaged or too long', () => {
    const frame = encodeFrame(3, 1, { op: 'ping' }, Buffer.from('body'))
    for (const at of [14, 20, frame.length - 1]) {
      const wrong = Buffer.from(frame)
      wrong[at]! ^= 1
      expect(() => new FrameReader().take(wrong)).toThrow(FrameError)
    }
    const long = Buffer.from(frame)
    long.writeUInt32LE(largestFrame + 1, 0)
    expect(() => new FrameReader().take(long)).toThrow(FrameError)
  })
})

it('has in force what both offer, and nothing with v1', () => {
  const a = hello('a', 'v3', 'hybrid_mode', 'ml_compression')
  expect(negotiate(a, hello('b', 'v3', 'ml_compression', 'crdt_sync'))).toEqual(['ml_compression'])
  expect(negotiate(a, hello('b', 'v1', 'ml_compression'))).toEqual([])
  expect(readHello({ id: 'c', version: 'v3', features: ['telepathy', 'crdt_sync', 7] })).toEqual(
    hello('c', 'v3', 'crdt_sync'),
  )
  expect([readHello({ id: 'c', version: 'v2' }), readHello({ version: 'v1' })]).toEqual([null, null])
})

describe('a connection', () => {
  const open: { stop(): Promise<void> | void }[] = []
  afterEach(async () => {
    for (const each of open.splice(0)) await each.stop()
  })
  const serve = async (): Promise<Listening & { readonly refused: string[] }> => {
    const refused: string[] = []
    const handlers = new Map([[frameTypes.ask as number, async (from: Hello) => ({ head: { from: from.features } })]])
    const listening = await listen({
      port: 0,
      mine: () => hello('b', 'v1'),
      handlers,
      refused: (reason) => refused.push(reason),
    })
    open.push(listening)
    return { ...listening, refused }
  }
  const peerAt = (port: number, mine: () => Hello): Peer => {
    const peer = new Peer({ id: 'b', address: () => `127.0.0.1:${port}`, mine, changed: () => undefined })
    open.push({ stop: () => peer.close() })
    return peer
  }

  it('refuses a frame that it does not know, and goes on', async () => {
    const { port, refused } = await serve()
    const peer = peerAt(port, () => hello('a'))
    await expect(peer.ask(frameTypes.pagesByCodec, {})).rejects.toBeInstanceOf(Refused)
    expect(refused).toEqual(['unknown'])
    expect((await peer.ask(frameTypes.ask, {})).head).toEqual({ from: [] })
  })

  it('hears of features that come and go without a new connection', async () => {
    const { port } = await serve()
    let mine = hello('a')
    const peer = peerAt(port, () => mine)
    await peer.greet()
    mine = hello('a', 'v3', 'crdt_sync')
    await peer.greet()
    expect((await peer.ask(frameTypes.ask, {})).head).toEqual({ from: ['crdt_sync'] })
    expect(peer.streams).toBe(1)
  })

  it('ends on damage, and answers nobody who has not said hello', async () => {
    const { port, refused } = await serve()
    const closed = (bytes: Buffer) =>
      new Promise<Buffer>((resolve) => {
        const got: Buffer[] = []
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
        socket.on('data', (each: Buffer) => {
          got.push(each)
          socket.end()
        })
        socket.on('close', () => resolve(Buffer.concat(got)))
      })
    expect((await closed(Buffer.alloc(64, 0x41))).length).toBe(0)
    expect(refused).toEqual(['damaged'])
    const [answer] = new FrameReader().take(await closed(encodeFrame(frameTypes.ask, 1, {})))
    expect([answer?.type, answer?.head['code']]).toEqual([frameTypes.refuse, 'hello'])
  })

  it('is lost when nobody is there, and found again', async () => {
    const first = await serve()
    const peer = peerAt(first.port, () => hello('a'))
    await peer.greet()
    await first.stop()
    await expect(peer.ask(frameTypes.ask, {})).rejects.toBeInstanceOf(PeerLost)
    expect(peer.up).toBe(false)
  })
})

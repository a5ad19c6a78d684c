/** What a fault does to what is measured of the pages that are sent, with one sender and one receiver and no fleet: there with its flag, and not without. */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeAll, expect, it } from 'vitest'
import { lineThrough } from '../line.ts'
import type { Link } from '../links/link.ts'
import { Throughput } from '../links/throughput.ts'
import { Machine } from '../machine/machine.ts'
import { type Fault, faultyDelay, faultyEncoding } from '../node/faults.ts'
import { Figures } from '../node/figures.ts'
import type { Feature } from '../wire/features.ts'
import { Baselines } from './baselines.ts'
import { codecNames, codecsReady } from './codecs.ts'
import { takePages } from './receiver.ts'
import { Selector } from './selector.ts'
import { PageSender } from './sender.ts'

beforeAll(codecsReady)

const pages = 64

/** A sender whose every page is taken by a receiver beside it. */
function rig(fault: Fault | null, on: readonly Feature[]) {
  const figures = new Figures('n01', 'v3')
  const has = (feature: Feature): boolean => on.includes(feature)
  const sender = new PageSender({
    baselines: new Baselines(() => 2 * pages),
    selector: new Selector(() => 0.1),
    figures,
    zonesTo: () => 'same',
    comparesPages: () => true,
    delayMs: faultyDelay(fault, () => has('hybrid_mode')),
    outgoing: faultyEncoding(fault),
  })
  const memory = Buffer.alloc(pages * 4_096)
  const theirs = new Baselines(() => 2 * pages)
  const link: Link = {
    id: 'n02',
    throughput: new Throughput(),
    mode: () => 'datacenter',
    has,
    streams: () => 1,
    ask: async (type, _head, body) => {
      const head = { ...takePages('m', memory, Buffer.from(body ?? ''), theirs, codecNames) }
      return { type, id: 0, head, body: Buffer.alloc(0) }
    },
  }
  const machine = Machine.boot('m', 7, pages)
  const known = new Map<number, string>()
  const figure = (name: string): number => {
    const lines = figures.text([]).split('\n')
    return lines.filter((line) => line.startsWith(name)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  /** The whole memory, after the machine has worked. */
  const send = async (): Promise<void> => {
    machine.run(2_000)
    await sender.send(link, machine, [...Array(pages).keys()], known)
    expect(memory.equals(machine.memory)).toBe(true)
  }
  return { send, figure }
}

async function meanTransfer(fault: Fault | null, on: readonly Feature[]): Promise<number> {
  const { send, figure } = rig(fault, on)
  for (let turn = 0; turn < 3; turn++) await send()
  return figure('dwcp_page_transfer_seconds_sum') / figure('dwcp_page_transfer_seconds_count')
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** As `leak.ts` has it: bytes that stay for each byte that was moved. */
async function keptPerByte(fault: Fault | null, on: readonly Feature[]): Promise<number> {
  const { send, figure } = rig(fault, on)
  const points: (readonly [number, number])[] = []
  for (let turn = 0; turn < 30; turn++) {
    await send()
    // What became free in the first is given back by the second.
    collect()
    await setImmediate()
    collect()
    // The first turns fill what is kept to compare with.
    if (turn >= 6) points.push([figure('dwcp_page_raw_bytes_total'), process.memoryUsage().arrayBuffers])
  }
  return lineThrough(points).slope
}

it('slow-detector: each batch takes 40 ms longer, with hybrid_mode only', async () => {
  expect(await meanTransfer('slow-detector', ['hybrid_mode'])).toBeGreaterThan(0.039)
  // Tried again where the machine itself took so long: a delay would be there every time.
  await expect.poll(() => meanTransfer('slow-detector', [])).toBeLessThan(0.03)
  await expect.poll(() => meanTransfer(null, ['hybrid_mode'])).toBeLessThan(0.03)
})

it('leak: far more stays than the gate lets pass, with ml_compression only', async () => {
  const [leaking, off, sound] = [
    await keptPerByte('leak', ['ml_compression']),
    await keptPerByte('leak', []),
    await keptPerByte(null, ['ml_compression']),
  ]
  expect(leaking).toBeGreaterThan(1.5)
  expect([off < 0.3, sound < 0.3]).toEqual([true, true])
})

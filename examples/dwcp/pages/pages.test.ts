/** Every way to write a page gives the page back, whatever is in it; and nothing that arrives damaged passes for a page. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectedHash, Machine } from '../machine/machine.ts'
import { Baselines } from './baselines.ts'
import { codecNames, codecsReady, decodePage, encodePage, v1Codecs } from './codecs.ts'
import { classOf, hashOf, pageSize, zeroPage } from './page.ts'
import { takePages } from './receiver.ts'
import { pageOf, readRecords, writeRecords } from './records.ts'
import { Selector } from './selector.ts'

beforeAll(codecsReady)

const filled = (fill: (at: number) => number): Buffer =>
  Buffer.from(Array.from({ length: pageSize }, (_, at) => fill(at) & 0xff))
const machine = Machine.boot('m', 7, 40)
const pages: readonly (readonly [string, Buffer])[] = [
  ['zero', zeroPage],
  ['one byte at the start', filled((at) => (at === 0 ? 1 : 0))],
  ['one byte at the end', filled((at) => (at === pageSize - 1 ? 1 : 0))],
  ['every second byte', filled((at) => at % 2)],
  ['a difference after each gap of three and four', filled((at) => (at % 9 === 0 || at % 9 === 4 ? 255 : 0))],
  ['all 255', filled(() => 255)],
  ['the magic of zstd again and again', filled((at) => [0x28, 0xb5, 0x2f, 0xfd][at % 4]!)],
  ['noise', filled((at) => Math.imul(at + 1, 2_654_435_761) >>> 13)],
  ...Array.from({ length: 40 }, (_, at): [string, Buffer] => [`a machine's page ${at}`, Buffer.from(machine.page(at))]),
]

describe.each(codecNames)('%s', (codec) => {
  it('gives every page back, over every other', () => {
    for (const [name, page] of pages)
      for (const [, base] of pages) {
        const encoded = encodePage(codec, page, base)
        if (encoded === undefined) continue
        expect(encoded.length).toBeLessThanOrEqual(pageSize)
        expect([name, decodePage(codec, Buffer.from(encoded), base).equals(page)]).toEqual([name, true])
      }
  })

  it('gives drawn pages back', () => {
    const bytes = fc
      .uint8Array({ minLength: 0, maxLength: pageSize })
      .map((each) => Buffer.concat([each, zeroPage]).subarray(0, pageSize))
    fc.assert(
      fc.property(bytes, bytes, (page, base) => {
        const encoded = encodePage(codec, page, base)
        return encoded === undefined || decodePage(codec, Buffer.from(encoded), base).equals(page)
      }),
      { numRuns: 60 },
    )
  })

  it('answers any bytes with a page or a RangeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          return decodePage(codec, Buffer.from(bytes), zeroPage).length === pageSize
        } catch (error) {
          return error instanceof RangeError
        }
      }),
      { numRuns: 200 },
    )
  })
})

it('does not believe a length: blocks that would unfold to gigabytes are refused unread', () => {
  const lz4 = Buffer.from(encodePage('lz4', zeroPage)!)
  lz4.writeUInt32LE(0xffff_fff0, 0)
  expect(() => decodePage('lz4', lz4)).toThrow(RangeError)
  const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3])
  expect(() => decodePage('zstd', zstd)).toThrow(RangeError)
})

describe('records of pages', () => {
  const page = pages.map(([, each]) => each).find((each) => classOf(each) === 'sparse' && !each.equals(zeroPage))!
  const record = { index: 3, codec: 'runs' as const, hash: hashOf(page), bytes: encodePage('runs', page) ?? page }

  it('refuse what is damaged, cut off, unknown, or compared with what is not here', () => {
    const good = writeRecords([record])
    expect(pageOf(readRecords(good, v1Codecs)[0]!, undefined)).toEqual(page)
    const damaged = Buffer.from(good)
    damaged[damaged.length - 1]! ^= 1
    expect(pageOf(readRecords(damaged, v1Codecs)[0]!, undefined)).toBe('hash')
    for (const length of [1, 10, good.length - 1])
      expect(() => readRecords(good.subarray(0, length), v1Codecs)).toThrow(RangeError)
    const base = { page: zeroPage, hash: hashOf(zeroPage) }
    const delta = {
      ...record,
      codec: 'delta' as const,
      bytes: Buffer.concat([hashOf(page).subarray(0, 4), record.bytes]),
    }
    expect([pageOf(delta, undefined), pageOf(delta, base)]).toEqual(['baseline', 'baseline'])
    expect(() => readRecords(writeRecords([{ ...record, codec: 'zstd' }]), v1Codecs)).toThrow(
      'codec 4 is not known here',
    )
  })

  it('are taken one by one: a wrong one does not spoil the others', () => {
    const memory = Buffer.alloc(8 * pageSize)
    const baselines = new Baselines(() => 4)
    const wrong = { ...record, index: 4, hash: hashOf(zeroPage) }
    const { refused } = takePages('m', memory, writeRecords([wrong, record]), baselines, v1Codecs)
    expect(refused).toEqual([[4, 'hash']])
    expect(memory.subarray(3 * pageSize, 4 * pageSize)).toEqual(page)
    expect(() => takePages('m', memory, writeRecords([{ ...record, index: 8 }]), baselines, v1Codecs)).toThrow(
      'has no page 8',
    )
  })

  it('keep no more baselines than they may, the latest', () => {
    const baselines = new Baselines(() => 2)
    for (const index of [0, 1, 0, 2]) baselines.set('m', index, zeroPage)
    expect([baselines.size, Object.keys(baselines.hashes('m', 3))]).toEqual([2, ['0', '2']])
  })
})

describe('the selector', () => {
  const train = (selector: Selector): void => {
    for (const [codec, bytes, micros] of [
      ['raw', 4_096, 0.2],
      ['lz4', 2_000, 5],
      ['zstd', 1_300, 30],
    ] as const)
      for (let turn = 0; turn < 3; turn++) selector.learn('text', false, codec, bytes, micros)
  }
  it('chooses by the link: nothing where it is fast, lz4 between, zstd where it is slow', () => {
    const selector = new Selector(() => 0.1)
    train(selector)
    const choose = (bytesPerMicro: number) => selector.choose('text', false, ['raw', 'lz4', 'zstd'], bytesPerMicro)
    expect([choose(10_000), choose(100), choose(1)]).toEqual(['raw', 'lz4', 'zstd'])
  })
  it('tries all on the first pages of a class, one now and then later, and never one that needs a baseline without it', () => {
    const selector = new Selector(() => 0.1)
    const tried = Array.from({ length: 100 }, () => selector.trials('text', false, codecNames))
    expect(tried.slice(0, 3).map((each) => each.length)).toEqual([4, 4, 4])
    expect(tried.slice(3).filter((each) => each.length > 0)).toHaveLength(2)
    expect(tried.flat().some((codec) => codec === 'delta' || codec === 'delta-zstd')).toBe(false)
  })
  it('changes its mind when what it measures changes', () => {
    const selector = new Selector(() => 0.2)
    train(selector)
    for (let turn = 0; turn < 40; turn++) selector.learn('text', false, 'zstd', 4_000, 30)
    expect(selector.choose('text', false, ['raw', 'lz4', 'zstd'], 1)).toBe('lz4')
  })
})

describe('a machine', () => {
  it('is the same after the same steps, in one go or in many, here or moved', () => {
    const one = Machine.boot('m', 3, 16)
    for (let each = 0; each < 100; each++) one.run(97)
    const moved = Machine.from('m', Buffer.from(one.memory))
    moved.run(300)
    expect(moved.hash()).toBe(expectedHash('m', 3, 16, 10_000))
    expect(moved.hash()).not.toBe(expectedHash('m', 4, 16, 10_000))
  })
  it('names every page that it changed', () => {
    const one = Machine.boot('m', 3, 64)
    const before = Buffer.from(one.memory)
    one.takeDirty()
    one.run(5_000)
    const changed = [...Array(64).keys()].filter(
      (at) => !one.page(at).equals(before.subarray(at * pageSize, (at + 1) * pageSize)),
    )
    expect(one.takeDirty()).toEqual(changed)
  })
  it('has pages of every class', () => {
    const found = new Set([...Array(128).keys()].map((at) => classOf(Machine.boot('m', 5, 128).page(at))))
    expect([...found].sort()).toEqual(['code', 'noise', 'sparse', 'text', 'zero'])
  })
})

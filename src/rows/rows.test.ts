import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonNumber, JsonText, stringifyJson } from '../lens/index.ts'
import { dateDays, dateText, momentMicros, momentText } from './calendar.ts'
import {
  baseType,
  brake,
  codecOf,
  columnType,
  learn,
  nextSize,
  Output,
  postgresWriter,
  RowPipe,
  startPace,
  touched,
  within,
} from './index.ts'

/** What a codec makes of a value and back; undefined where it refuses it. */
function round(type: string, value: unknown): unknown {
  const codec = codecOf(type)
  const out = new Output()
  if (!codec?.encode(value, out)) return undefined
  expect(out.buffer.readInt32BE(0)).toBe(out.at - 4)
  return codec.decode(out.buffer, 4, out.at)
}

describe('codecs', () => {
  it('bring every number back to the digit', () => {
    const digits = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 40 }))
    fc.assert(
      fc.property(digits, ([units, scale]) => {
        const whole = String(units < 0n ? -units : units).padStart(scale + 1, '0')
        const point = whole.length - scale
        const sign = units < 0n ? '-' : ''
        const text = scale === 0 ? `${sign}${whole}` : `${sign}${whole.slice(0, point)}.${whole.slice(point)}`
        expect(round('numeric', text)).toBe(text)
      }),
    )
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        (n) => BigInt(round('bigint', n) as number) === n,
      ),
    )
    fc.assert(fc.property(fc.double(), (n) => Object.is(round('double precision', n), n)))
    expect(round('numeric', '1.5e3')).toBe('1500')
    expect(round('numeric', new JsonNumber('12345678901234567890.10'))).toBe('12345678901234567890.10')
    expect(round('integer', 2 ** 31)).toBeUndefined()
    expect(round('integer', '1')).toBeUndefined()
    expect(round('bigint', 2 ** 53)).toBeUndefined()
    expect(round('real', 0.1)).toBe(0.1)
  })

  it('bring texts, lists and bytes back', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => round('text', text) === text))
    fc.assert(fc.property(fc.uuid(), (text) => round('uuid', text) === text))
    const lists = fc.array(fc.option(fc.string()))
    fc.assert(fc.property(lists, (list) => JSON.stringify(round('text[]', list)) === JSON.stringify(list)))
    expect(
      round('integer[]', [
        [1, 2],
        [3, 4],
      ]),
    ).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(round('integer[]', [[1, 2], [3]])).toBeUndefined()
    expect(round('bytea', '\\x00ff')).toBe('\\x00ff')
    expect(codecOf('interval')).toBeUndefined()
  })

  it('write JSON as bytes just as it is written as text', () => {
    const written = (value: unknown): string => {
      const out = new Output()
      expect(codecOf('json')?.encode(value, out)).toBe(true)
      expect(out.buffer.readInt32BE(0)).toBe(out.at - 4)
      return out.buffer.toString('utf8', 4, out.at)
    }
    const keys = fc.oneof(fc.string({ unit: 'binary' }), fc.string())
    const values = fc.jsonValue({ stringUnit: 'binary', depthSize: 'medium' })
    fc.assert(fc.property(values, (value) => written(value) === stringifyJson(value)))
    fc.assert(fc.property(fc.dictionary(keys, values), (value) => written(value) === stringifyJson(value)))
    const long = 'a'.repeat(300)
    const odd = [
      long,
      `${long}"`,
      `${long}é`,
      '\ud800',
      '\u0000\u001f\u007f"\\',
      [undefined, null],
      { a: undefined, b: 12n },
    ]
    for (const value of [
      ...odd,
      new Date(0),
      new JsonNumber('1.50'),
      new JsonText(`{"a": "${long}é"}`),
      { n: Number.NaN },
    ])
      expect(written(value)).toBe(stringifyJson(value))
  })

  it('know moments to the microsecond, far from 1970 too', () => {
    const moments = fc.bigInt({ min: -210_866_803_200_000_000n, max: 9_223_371_331_199_999_999n })
    fc.assert(fc.property(moments, (micros) => momentMicros(momentText(micros, true), true) === micros))
    fc.assert(fc.property(fc.integer({ min: -2_451_000, max: 2_000_000 }), (days) => dateDays(dateText(days)) === days))
    expect(momentText(0n, true)).toBe('2000-01-01T00:00:00+00:00')
    expect(momentMicros('2000-01-01 02:00:00.000001+02', true)).toBe(1n)
    expect(dateDays('2023-02-29')).toBeUndefined()
  })

  it('read the names of types', () => {
    expect(columnType('character varying(20)[]')).toEqual({ base: 'character varying', array: true, oid: 1043 })
    expect(columnType('text COLLATE "de_DE"').base).toBe('text')
    expect(baseType('public.mail', { 'public.mail': ['DOMAIN character varying(40) NOT NULL'] })).toBe(
      'character varying(40)',
    )
  })
})

describe('the pipe', () => {
  const shape = {
    passed: 1,
    reads: [touched('name', 'text', [])],
    was: [],
    writes: [touched('upper', 'text', [])],
    key: [{ index: 0, type: 'integer' }],
    enums: [],
  }

  /** A COPY stream of rows (id, name). */
  function stream(rows: readonly (readonly [number, string])[]): Buffer {
    const out = new Output()
    const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
    out.bytes(head, 0, head.length)
    for (const [id, name] of rows) {
      out.int16(2)
      out.int32(4)
      out.int32(id)
      out.text(name)
    }
    out.int16(-1)
    return Buffer.concat(out.end())
  }

  it('gives the same bytes however the stream is cut', () => {
    const rows = Array.from({ length: 50 }, (_, id) => [id, `näme ${'x'.repeat(id * 3)}`] as const)
    const whole = stream(rows)
    const run = (size: number): Buffer => {
      const pipe = new RowPipe(shape, ({ name }) => ({ upper: String(name).toUpperCase() }))
      const blocks: Buffer[] = []
      for (let at = 0; at < whole.length; at += size) blocks.push(...pipe.push(whole.subarray(at, at + size)))
      return Buffer.concat([...blocks, ...pipe.end()])
    }
    const once = run(whole.length)
    expect(once).toEqual(stream(rows.map(([id, name]) => [id, name.toUpperCase()])))
    for (const size of [1, 7, 64, 1000]) expect(run(size)).toEqual(once)
  })

  it('keeps the order of rows that are answered later, and names those that are refused', async () => {
    const pipe = new RowPipe(
      shape,
      async ({ name }) => {
        // The later the row, the sooner its answer.
        await new Promise((resolve) => setTimeout(resolve, 3 * ('d'.charCodeAt(0) - String(name).charCodeAt(0))))
        if (name === 'b') throw new Error('no b')
        return { upper: name === 'c' ? 3 : name }
      },
      (error) => (error as Error).message,
    )
    const blocks = [
      ...(await pipe.pushLater(
        stream([
          [1, 'a'],
          [2, 'b'],
          [3, 'c'],
          [4, 'd'],
        ]),
        3,
      )),
    ]
    expect(Buffer.concat([...blocks, ...pipe.end()])).toEqual(
      stream([
        [1, 'a'],
        [4, 'd'],
      ]),
    )
    expect(pipe.refused).toEqual([
      { key: ['2'], reason: 'no b' },
      { key: ['3'], reason: 'the lens gave a number for column "upper", which is text' },
    ])
  })

  it('refuses a stream that is cut off', () => {
    const pipe = new RowPipe(shape, () => ({ upper: '' }))
    pipe.push(stream([[1, 'a']]).subarray(0, 30))
    expect(() => pipe.end()).toThrow('cut off')
  })
})

describe('the pace', () => {
  it('finds the size that takes the time, and never grows by more than four times', () => {
    let pace = startPace(200)
    let last = 0
    const sizes = Array.from({ length: 12 }, () => {
      const size = nextSize(pace, last)
      pace = learn(pace, size, size / 100, 0)
      last = size
      return size
    })
    expect(sizes[0]).toBe(2000)
    expect(sizes.at(-1)).toBe(20_000)
    expect(nextSize(learn(startPace(10_000), 1000, 1, 1000 * 6000), 1000)).toBeLessThan(1100)
    expect(nextSize(startPace(200, 77), 0)).toBe(77)
  })

  it('waits while a signal is over its limit or lost', () => {
    const limits = { commitMs: 50, lagMs: 1000, walPerSecond: 1024 * 1024 }
    const calm = { commitMs: 1, lagMs: 0, walPerSecond: 0 }
    expect(brake(limits, calm)).toBeUndefined()
    expect(brake(limits, { ...calm, lagMs: 2000 })).toBe('waits: replica lag 2000 ms, limit 1000 ms')
    expect(brake(limits, { ...calm, walPerSecond: 3 * 1024 * 1024 })).toBe('waits: WAL 3.0 MiB/s, limit 1.0 MiB/s')
    expect(brake(limits, { ...calm, commitMs: 51 })).toBe('waits: commit took 51 ms, limit 50 ms')
    expect(brake(limits, { ...calm, lost: 'gone' })).toBe('waits: gone')
  })
})

it('ranges say composite keys as one row comparison, with quotes and types', () => {
  const key = [
    { name: 'a "b"', type: 'text' },
    { name: 'c', type: 'uuid' },
  ]
  expect(within(postgresWriter, key, { low: ["it's", 'u'], high: null }, 's.')).toBe(
    `(s."a ""b""", s."c") > ('it''s'::text, 'u'::uuid)`,
  )
  expect(within(postgresWriter, key, { low: null, high: null })).toBe('true')
})

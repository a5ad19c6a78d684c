import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../core/index.ts'
import { cbor } from './cbor.ts'
import { compileFlags } from './compile.ts'
import { murmur, murmurBytes } from './murmur.ts'
import { parseFlags, readFlags } from './parse.ts'

const clock = { now: () => 1_700_000_000_000 }
const on = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }
const flagsOf = (flags: JsonObject, more: JsonObject = {}) => compileFlags(readFlags({ flags, ...more }), clock)
const one = (more: JsonObject, set: JsonObject = {}) => flagsOf({ f: { ...on, ...more } }, set)

it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'a flag, a variant and an attribute may be called %s',
  (name) => {
    const json = `{"${name}": {"state": "ENABLED", "variants": {"${name}": "yes", "b": "no"}, "defaultVariant": "b",
    "targeting": {"if": [{"==": [{"var": "${name}"}, "x"]}, "${name}", "b"]}}}`
    const flags = flagsOf(JSON.parse(json) as JsonObject)
    const context = JSON.parse(`{"${name}": "x"}`) as JsonObject
    expect([flags.resolve(name, context).value, flags.resolve(name, {}).value]).toEqual(['yes', 'no'])
    expect(flagsOf({}).resolve(name, context)).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
  },
)

describe('reasons and codes', () => {
  const variants = { true: 'yes', false: 'no', '5': 'five' }
  it.each<[string, JsonObject, JsonObject]>([
    ['no targeting', {}, { value: false, variant: 'off', reason: 'STATIC' }],
    ['empty targeting', { targeting: {} }, { value: false, variant: 'off', reason: 'STATIC' }],
    ['no targeting, no default', { defaultVariant: null }, { reason: 'DEFAULT' }],
    ['a match', { targeting: { if: [true, 'on'] } }, { value: true, variant: 'on', reason: 'TARGETING_MATCH' }],
    ['a share', { targeting: { fractional: [['on']] } }, { value: true, variant: 'on', reason: 'TARGETING_MATCH' }],
    ['null', { targeting: { if: [true, null, 'on'] } }, { value: false, variant: 'off', reason: 'DEFAULT' }],
    ['null, no default', { targeting: { if: [false, 'on'] }, defaultVariant: null }, { reason: 'DEFAULT' }],
    ['disabled', { state: 'DISABLED', targeting: { if: [true, 'on'] } }, { reason: 'DISABLED' }],
    [
      'true as a name',
      { variants, defaultVariant: 'false', targeting: { '==': [1, 1] } },
      { value: 'yes', variant: 'true', reason: 'TARGETING_MATCH' },
    ],
    [
      'a number as a name',
      { variants, defaultVariant: 'false', targeting: { '+': [2, 3] } },
      { value: 'five', variant: '5', reason: 'TARGETING_MATCH' },
    ],
    [
      'an unknown variant',
      { targeting: { if: [true, 'ghost'] } },
      { reason: 'ERROR', errorCode: 'GENERAL', errorMessage: 'flag "f" has no variant "ghost"' },
    ],
    [
      'a list',
      { targeting: { merge: ['on'] } },
      { reason: 'ERROR', errorCode: 'GENERAL', errorMessage: String.raw`flag "f" has no variant "[\"on\"]"` },
    ],
    [
      'a rule nobody can read',
      { targeting: { nonsense: [1] } },
      {
        reason: 'ERROR',
        errorCode: 'PARSE_ERROR',
        errorMessage: 'the targeting of flag "f" cannot be read: unknown operator "nonsense"',
      },
    ],
    [
      'a bad rule behind a good one',
      { targeting: { if: [true, 'on', { nonsense: 1 }] } },
      {
        reason: 'ERROR',
        errorCode: 'PARSE_ERROR',
        errorMessage: 'the targeting of flag "f" cannot be read: unknown operator "nonsense"',
      },
    ],
  ])('%s', (_, more, expected) => {
    expect(one(more).resolve('f', { targetingKey: 'u' })).toEqual({ key: 'f', metadata: {}, ...expected })
  })

  it('a flag that is not there, and one of another type', () => {
    const flags = one({}, { metadata: { flagSetId: 'shop' } })
    expect(flags.resolve('g')).toEqual({
      key: 'g',
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
      errorMessage: 'flag "g" not found',
      metadata: { flagSetId: 'shop' },
    })
    expect(flags.resolve('f', {}, 'string')).toEqual({
      key: 'f',
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
      errorMessage: 'flag "f" is a boolean, not a string',
      metadata: { flagSetId: 'shop' },
    })
    expect(flags.resolve('f', {}, 'boolean').value).toBe(false)
    expect(flags.resolve('toString').errorCode).toBe('FLAG_NOT_FOUND')
  })

  it('a context that breaks the rule', () => {
    const flags = one({ targeting: { if: [{ '>': [{ var: 'n' }, 1] }, 'on', 'off'] } })
    const hostile = Object.defineProperty({}, 'n', {
      get: () => {
        throw new Error('no')
      },
    })
    expect(flags.resolve('f', hostile)).toMatchObject({
      reason: 'ERROR',
      errorCode: 'GENERAL',
      errorMessage: 'the targeting of flag "f" failed: no',
    })
    expect(flags.boolean('f', true, hostile)).toBe(true)
  })

  it('metadata of the flag over that of the set', () => {
    const flags = one({ metadata: { owner: 'pay', a: 1 } }, { metadata: { owner: 'all', version: '3' } })
    expect(flags.resolve('f').metadata).toEqual({ owner: 'pay', a: 1, version: '3' })
    expect(flags.metadata).toEqual({ owner: 'all', version: '3' })
  })
})

describe('the short way', () => {
  const flags = flagsOf({
    b: on,
    s: { state: 'ENABLED', variants: { a: '', b: 'x' }, defaultVariant: 'a' },
    n: { state: 'ENABLED', variants: { a: 0, b: 1 }, defaultVariant: 'a' },
    o: { state: 'ENABLED', variants: { a: {}, b: { x: 1 } }, defaultVariant: 'b' },
    none: { state: 'ENABLED', variants: { a: true } },
    dark: { ...on, state: 'DISABLED' },
  })

  it('gives values, also empty ones, and the fallback for all else', () => {
    expect(flags.boolean('b', true)).toBe(false)
    expect(flags.string('s', 'fallback')).toBe('')
    expect(flags.number('n', 7)).toBe(0)
    expect(flags.object('o', { y: 2 })).toEqual({ x: 1 })
    expect([
      flags.boolean('none', true),
      flags.boolean('dark', true),
      flags.boolean('gone', true),
      flags.boolean('s', true),
    ]).toEqual([true, true, true, true])
    expect([flags.string('b', 'f'), flags.number('b', 3), flags.object('b', { f: 1 })]).toEqual(['f', 3, { f: 1 }])
  })

  it('gives all at once, in the order of the document', () => {
    expect(flags.all().map(({ key, reason }) => `${key} ${reason}`)).toEqual([
      'b STATIC',
      's STATIC',
      'n STATIC',
      'o STATIC',
      'none DEFAULT',
      'dark DISABLED',
    ])
    expect(flags.keys).toEqual(['b', 's', 'n', 'o', 'none', 'dark'])
  })
})

describe('evaluators', () => {
  const $evaluators = {
    staff: { ends_with: [{ var: 'email' }, '@x.org'] },
    share: {
      fractional: [
        ['on', 1],
        ['off', 0],
      ],
    },
    both: { and: [{ $ref: 'staff' }, true] },
    a: { or: [{ $ref: 'b' }] },
    b: { or: [{ $ref: 'a' }] },
  }
  const asked = (targeting: Json) =>
    one({ targeting }, { $evaluators }).resolve('f', { email: 'a@x.org', targetingKey: 'u' })

  it('are used as conditions and as answers', () => {
    expect(asked({ if: [{ $ref: 'staff' }, 'on', 'off'] }).variant).toBe('on')
    expect(asked({ if: [{ $ref: 'both' }, { $ref: 'share' }, 'off'] }).variant).toBe('on')
    expect(asked({ $ref: 'share' }).variant).toBe('on')
  })

  it('that are missing, or go in a circle, spoil the flag only', () => {
    expect(asked({ if: [{ $ref: 'gone' }, 'on'] })).toMatchObject({ errorCode: 'PARSE_ERROR' })
    expect(asked({ if: [{ $ref: 'a' }, 'on'] })).toMatchObject({ errorCode: 'PARSE_ERROR' })
    expect(asked({ $ref: 'gone' })).toMatchObject({ errorCode: 'PARSE_ERROR' })
  })
})

describe('time', () => {
  it('is asked at each evaluation', () => {
    let now = 999_999
    const set = readFlags({
      flags: { f: { ...on, targeting: { if: [{ '>=': [{ var: '$flagd.timestamp' }, 1000] }, 'on', 'off'] } } },
    })
    const flags = compileFlags(set, { now: () => now })
    expect(flags.boolean('f', false)).toBe(false)
    now = 1_000_000
    expect(flags.boolean('f', false)).toBe(true)
  })
})

describe('hash generations', () => {
  const weights: Json = [
    ['a', 25],
    ['b', 25],
    ['c', 50],
  ]
  const variants = { a: 'a', b: 'b', c: 'c' }
  const keys = fc.string({ unit: 'binary' }).filter((key) => key !== '')
  const asked = (generation: string | null, targeting: Json, context: JsonObject) =>
    flagsOf({
      f: {
        state: 'ENABLED',
        variants,
        targeting,
        ...(generation === null ? {} : { metadata: { hashGeneration: generation } }),
      } as JsonObject,
    }).string('f', 'none', context)
  const pick = (value: number, total: number) => (value < total / 4 ? 'a' : value < total / 2 ? 'b' : 'c')
  const scaled = (hash: number) => pick(Number((BigInt(hash) * 100n) >> 32n), 100)

  it('v2 is the default: flag and key, joined', () => {
    fc.assert(
      fc.property(keys, (targetingKey) => {
        const expected = scaled(murmur(`f${targetingKey}`))
        expect(asked(null, { fractional: weights }, { targetingKey })).toBe(expected)
        expect(asked('v2', { fractional: weights }, { targetingKey })).toBe(expected)
        expect(asked('v2', { fractional: [{ var: 'k' }, ...(weights as Json[])] }, { k: targetingKey })).toBe(
          scaled(murmur(targetingKey)),
        )
      }),
    )
  })

  it('v1 is the absolute value in percent', () => {
    fc.assert(
      fc.property(keys, (targetingKey) => {
        const percent = (hash: number) => pick((Math.abs(hash | 0) / 2147483647) * 100, 100)
        expect(asked('v1', { fractional: weights }, { targetingKey })).toBe(percent(murmur(`f${targetingKey}`)))
        expect(asked('v1', { fractional: [{ var: 'k' }, ...(weights as Json[])] }, { k: targetingKey })).toBe(
          percent(murmur(targetingKey)),
        )
      }),
    )
  })

  it('v3 is deterministic CBOR, of any key but null', () => {
    fc.assert(
      fc.property(keys, fc.jsonValue(), (targetingKey, k) => {
        expect(asked('v3', { fractional: weights }, { targetingKey })).toBe(
          scaled(murmurBytes(cbor(['f', targetingKey]))),
        )
        const expected = k === null ? 'none' : scaled(murmurBytes(cbor(k)))
        expect(
          asked('v3', { fractional: [{ var: 'k' }, ...(weights as Json[])] }, { k: k as Json, targetingKey }),
        ).toBe(expected)
      }),
    )
  })

  it('are exact with large weights', () => {
    const most = 2 ** 31 - 1
    fc.assert(
      fc.property(keys, fc.integer({ min: 0, max: most }), (targetingKey, weight) => {
        const bucket = (BigInt(murmur(`f${targetingKey}`)) * BigInt(most)) >> 32n
        const fixed: Json = [
          ['a', weight],
          ['b', most - weight],
        ]
        const computed: Json = [
          ['a', { '+': [{ var: 'w' }] }],
          ['b', most - weight],
        ]
        const expected = bucket < BigInt(weight) ? 'a' : 'b'
        expect(asked(null, { fractional: fixed }, { targetingKey })).toBe(expected)
        expect(asked(null, { fractional: computed }, { targetingKey, w: weight })).toBe(expected)
      }),
    )
  })

  it('hash a flag key and a targeting key that only together are whole', () => {
    const [high, low] = ['\uD83D', '\uDE42']
    const flags = compileFlags(
      parseFlags({
        flags: {
          [high]: {
            ...on,
            targeting: {
              fractional: [
                ['on', 1],
                ['off', 1],
              ],
            },
          },
        },
      }),
      clock,
    )
    expect(flags.boolean(high, false, { targetingKey: low })).toBe(murmur('🙂') < 2 ** 31)
  })
})

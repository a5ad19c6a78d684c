import { MemoryStorage } from '@openfeature/flagd-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blocks, ChangeoverError, type Json, type JsonObject } from '../core/index.ts'
import { checkFlags } from './check.ts'
import { parseFlags, readFlags } from './parse.ts'

const flag = (more: JsonObject = {}): JsonObject => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  ...more,
})
const document = (more: JsonObject = {}): JsonObject => ({ flags: { f: flag(more) } })
const rule = (targeting: Json): JsonObject => document({ targeting })
const choosing = (condition: Json): JsonObject => rule({ if: [condition, 'on', 'off'] })

const codes = (given: unknown) =>
  checkFlags(given).map(({ level, code, data }) => `${level} ${code} ${(data as { path: string }).path}`)

describe('a document that holds', () => {
  const many = { state: 'ENABLED', variants: { a: { x: 1 }, b: { y: [2] } }, defaultVariant: 'a' }
  it.each<[string, JsonObject]>([
    ['no flags', { flags: {} }],
    [
      'a schema, metadata and flags',
      {
        $schema: 'https://flagd.dev/schema/v0/flags.json',
        metadata: { flagSetId: 'x', version: '1', n: 1, b: true },
        flags: { f: flag() },
      },
    ],
    ['booleans', document()],
    ['texts', document({ variants: { on: 'a', off: '' } })],
    ['numbers', document({ variants: { on: 1.5, off: 0 } })],
    ['objects', { flags: { many } }],
    ['no default', { flags: { f: { state: 'ENABLED', variants: { on: true } } } }],
    ['null for the default', document({ defaultVariant: null })],
    ['a disabled flag', document({ state: 'DISABLED' })],
    ['empty targeting', rule({})],
    ['flag metadata', document({ metadata: { owner: 'pay', n: 1, b: false } })],
    ['a generation', document({ metadata: { hashGeneration: 'v3' } })],
    [
      'evaluators and a reference',
      { $evaluators: { staff: { ends_with: [{ var: 'email' }, '@x.org'] } }, ...choosing({ $ref: 'staff' }) },
    ],
    [
      'a share by targeting key',
      rule({
        fractional: [
          ['on', 25],
          ['off', 75],
        ],
      }),
    ],
    [
      'a share by an attribute',
      rule({ fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: 'email' }] }, ['on', 1], ['off', 1]] }),
    ],
    ['shares without weights', rule({ fractional: [['on'], ['off']] })],
    [
      'computed weights and variants',
      rule({
        fractional: [
          [{ if: [{ var: 'x' }, 'on', 'off'] }, { '-': [{ var: '$flagd.timestamp' }, 1] }],
          ['off', 1],
        ],
      }),
    ],
    ['versions', choosing({ sem_ver: [{ var: 'version' }, '^', '1.2.3-rc.1+build'] })],
    ['texts compared', choosing({ or: [{ starts_with: [{ var: 'a' }, 'x'] }, { ends_with: ['abc', { var: 'b' }] }] })],
    [
      'every operator of the schema',
      choosing({
        and: [
          { '==': [1, 2] },
          { '===': [1, 2] },
          { '!=': [1, 2] },
          { '!==': [1, 2] },
          { '>': [1, 2] },
          { '>=': [1, 2] },
          { '<': [1, 2, 3] },
          { '<=': [1, 2] },
          { '!': [1] },
          { '!!': 1 },
          { '%': [1, 2] },
          { '/': [1, 2] },
          { '*': [1, 2, 3] },
          { '+': [1] },
          { '-': [1] },
          { max: [1] },
          { min: [1] },
          { map: [[1], { var: '' }] },
          { filter: [[1], true] },
          { all: [[1], true] },
          { none: [[1], true] },
          { some: [[1], true] },
          { reduce: [[1], { var: 'current' }, 0] },
          { merge: [[1], 2] },
          { in: ['a', ['a', 'b']] },
          { cat: ['a', 'b'] },
          { substr: ['abc', 1, 2] },
          { missing: ['a'] },
          { missing_some: [1, ['a', 'b']] },
          { var: ['a', null] },
          { var: 1 },
          { var: { cat: ['a', 'b'] } },
          { var: '$flagd.timestamp' },
          { or: [true] },
        ],
      }),
    ],
  ])('%s', (_, given) => {
    expect(codes(given)).toEqual([])
    expect(parseFlags(given).document).toEqual(given)
  })
})

describe('a document is refused for', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['being text', '{"flags": {}}', ['block flags.shape ']],
    ['no flags', {}, ['block flags.shape /flags']],
    ['a list of flags', { flags: [] }, ['block flags.shape /flags']],
    ['a flag that is none', { flags: { f: 1 } }, ['block flags.shape /flags/f']],
    ['a flag without a key', { flags: { '': flag() } }, ['block flags.shape /flags/']],
    ['no state', { flags: { f: { variants: { on: true } } } }, ['block flags.shape /flags/f/state']],
    ['another state', document({ state: 'enabled' }), ['block flags.shape /flags/f/state']],
    ['no variants', { flags: { f: { state: 'ENABLED' } } }, ['block flags.shape /flags/f/variants']],
    ['empty variants', document({ variants: {}, defaultVariant: null }), ['block flags.shape /flags/f/variants']],
    [
      'mixed variants',
      document({ variants: { on: true, off: 'no' } }),
      ['block flags.variants-mixed /flags/f/variants'],
    ],
    [
      'a list as a value',
      document({ variants: { on: [], off: [] } }),
      ['block flags.shape /flags/f/variants/on', 'block flags.shape /flags/f/variants/off'],
    ],
    [
      'an unknown default',
      document({ defaultVariant: 'ghost' }),
      ['block flags.default-unknown /flags/f/defaultVariant'],
    ],
    ['a default that is no name', document({ defaultVariant: true }), ['block flags.shape /flags/f/defaultVariant']],
    ['deep metadata', document({ metadata: { a: { b: 1 } } }), ['block flags.shape /flags/f/metadata/a']],
    ['a version that is no text', { metadata: { version: 2 }, flags: {} }, ['block flags.shape /metadata/version']],
    [
      'an unknown generation',
      document({ metadata: { hashGeneration: 'v9' } }),
      ['block flags.shape /flags/f/metadata/hashGeneration'],
    ],
    ['targeting that is a text', rule('on'), ['block flags.shape /flags/f/targeting']],
    ['an evaluator that is none', { $evaluators: { a: 'x' }, flags: {} }, ['block flags.shape /$evaluators/a']],
    ['an unknown operator', choosing({ nonsense: [1] }), ['block flags.targeting /flags/f/targeting/if/0']],
    [
      'two operators in one',
      choosing({ and: [true], in: ['a', 'b'] }),
      ['block flags.targeting /flags/f/targeting/if/0'],
    ],
    ['too few arguments', choosing({ in: ['a'] }), ['block flags.targeting /flags/f/targeting/if/0']],
    ['too many arguments', choosing({ '===': [1, 2, 3] }), ['block flags.targeting /flags/f/targeting/if/0']],
    ['no list of arguments', choosing({ or: true }), ['block flags.targeting /flags/f/targeting/if/0']],
    ['a reference to nothing', choosing({ $ref: 'gone' }), ['block flags.reference /flags/f/targeting/if/0']],
    ['a property flagd has not', choosing({ var: '$flagd.other' }), ['block flags.targeting /flags/f/targeting/if/0']],
    [
      'a version that is none',
      choosing({ sem_ver: [{ var: 'v' }, '=', 'one'] }),
      ['block flags.targeting /flags/f/targeting/if/0/sem_ver/2'],
    ],
    [
      'a comparison that is none',
      choosing({ sem_ver: [{ var: 'v' }, '==', '1.0.0'] }),
      ['block flags.targeting /flags/f/targeting/if/0/sem_ver/1'],
    ],
    [
      'texts that are none',
      choosing({ starts_with: [1, 'a'] }),
      ['block flags.targeting /flags/f/targeting/if/0/starts_with/0'],
    ],
    ['names that are none', choosing({ missing: [1] }), ['block flags.targeting /flags/f/targeting/if/0']],
    ['an empty share', rule({ fractional: [] }), ['block flags.targeting /flags/f/targeting']],
    [
      'a bucket that is none',
      rule({
        fractional: [
          ['on', 1],
          ['off', 1, 2],
        ],
      }),
      ['block flags.targeting /flags/f/targeting/fractional/1'],
    ],
    [
      'a weight below zero',
      rule({
        fractional: [
          ['on', -1],
          ['off', 1],
        ],
      }),
      ['block flags.weights /flags/f/targeting/fractional/0/1'],
    ],
    [
      'half a weight',
      rule({
        fractional: [
          ['on', 0.5],
          ['off', 1],
        ],
      }),
      ['block flags.weights /flags/f/targeting/fractional/0/1'],
    ],
    [
      'too much weight',
      rule({
        fractional: [
          ['on', 2 ** 31 - 1],
          ['off', 1],
        ],
      }),
      ['block flags.weights /flags/f/targeting'],
    ],
    [
      'one key for all',
      rule({ fractional: ['key', ['on', 1]] }),
      ['block flags.targeting /flags/f/targeting/fractional/0'],
    ],
    [
      'all that is wrong at once',
      document({ state: 'on', defaultVariant: 'ghost', targeting: { if: [{ nonsense: 1 }, { $ref: 'gone' }] } }),
      [
        'block flags.shape /flags/f/state',
        'block flags.default-unknown /flags/f/defaultVariant',
        'block flags.targeting /flags/f/targeting/if/0',
        'block flags.reference /flags/f/targeting/if/1',
      ],
    ],
  ])('%s', (_, given, expected) => {
    expect(codes(given)).toEqual(expected)
    const refused = refusalOf(given)
    expect(refused.code).toBe('flags.invalid')
    expect(refused.help).not.toBe('')
    for (const { message, help } of checkFlags(given))
      expect([message, help].every((each) => each.length > 3)).toBe(true)
  })

  it('evaluators that refer to each other in a circle', () => {
    const given = {
      $evaluators: { a: { or: [{ $ref: 'b' }] }, b: { or: [{ $ref: 'a' }] } },
      ...choosing({ $ref: 'a' }),
    }
    expect(codes(given)).toEqual(['block flags.reference /$evaluators/a', 'block flags.reference /$evaluators/b'])
  })

  it('names the place, the value and the mend', () => {
    const refused = refusalOf(document({ state: 'on', variants: {}, defaultVariant: null }))
    expect(refused.message).toBe('"/flags/f/state" is "on", not a state (and 1 more)')
    expect(refused.help).toBe('write "ENABLED" or "DISABLED"')
  })
})

function refusalOf(given: unknown): ChangeoverError {
  try {
    parseFlags(given)
  } catch (error) {
    if (error instanceof ChangeoverError) return error
  }
  throw new Error('it was not refused')
}

describe('a risk', () => {
  it.each<[string, JsonObject, string]>([
    [
      'an answer that is no variant',
      rule({ if: [true, 'ghost', 'off'] }),
      'flags.variant-unknown /flags/f/targeting/if/1',
    ],
    [
      'an answer of a share',
      rule({
        fractional: [
          ['ghost', 1],
          ['off', 1],
        ],
      }),
      'flags.variant-unknown /flags/f/targeting/fractional/0/0',
    ],
    [
      'an answer of an evaluator',
      { $evaluators: { a: { if: [true, 'ghost'] } }, ...rule({ $ref: 'a' }) },
      'flags.variant-unknown /flags/f/targeting/if/1',
    ],
    ['weights of zero', rule({ fractional: [['on', 0]] }), 'flags.weights-zero /flags/f/targeting'],
    ['an operator few know', choosing({ log: 'x' }), 'flags.operator-unusual /flags/f/targeting/if/0'],
    [
      'an evaluator in another',
      { $evaluators: { a: { or: [{ $ref: 'b' }] }, b: { or: [true] } }, flags: {} },
      'flags.reference-nested /$evaluators/a',
    ],
  ])('is %s', (_, given, expected) => {
    expect(codes(given)).toEqual([`risk ${expected}`])
    expect(() => parseFlags(given)).not.toThrow()
  })
})

describe('readFlags', () => {
  it('takes what flagd takes: a bad rule is the trouble of its own flag', () => {
    const given = { flags: { bad: flag({ targeting: { nonsense: [1] } }), good: flag() } }
    expect(Object.keys(readFlags(given).flags)).toEqual(['bad', 'good'])
    expect(() => parseFlags(given)).toThrow('unknown operator "nonsense"')
    expect(() => readFlags(document({ state: 'on' }))).toThrow('not a state')
  })

  it('hands out a frozen copy', () => {
    const given = { flags: { f: flag({ variants: { on: { a: [1] }, off: { a: [2] } } }) } }
    const before = JSON.stringify(given)
    const { flags, document: kept } = parseFlags(given)
    expect(Object.isFrozen(flags['f']) && Object.isFrozen(flags['f']?.variants['on'])).toBe(true)
    expect(JSON.stringify(given)).toBe(before)
    expect(Object.isFrozen(given.flags)).toBe(false)
    expect(kept).toEqual(given)
  })
})

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }

/** What flagd's schema says, as its JavaScript SDK compiled it. */
function schemaTakes(given: unknown): boolean {
  try {
    new MemoryStorage(silent).setConfigurations(JSON.stringify(given), true)
    return true
  } catch {
    return false
  }
}

/** Rules of ours that the schema cannot express. */
const beyond = new Set(['flags.reference', 'flags.default-unknown'])
const beyondIt = ({ code, data }: { readonly code: string; readonly data?: Json }) =>
  beyond.has(code) ||
  (code === 'flags.weights' && !JSON.stringify(data).includes('/1"')) ||
  JSON.stringify(data).includes('hashGeneration') ||
  // The schema takes an empty object for any rule, and looks into nothing that names an attribute.
  JSON.stringify(data).includes('"value":{}') ||
  JSON.stringify(data).includes('/var')

const sound: JsonObject = {
  metadata: { version: '1' },
  $evaluators: { r: { in: ['a', { var: 'email' }] } },
  flags: {
    one: flag({
      metadata: { a: 1 },
      targeting: {
        if: [{ $ref: 'r' }, 'on', { fractional: [{ var: 'email' }, ['on', 10], ['off', { '+': [1, 2] }]] }],
      },
    }),
    two: {
      state: 'DISABLED',
      variants: { a: 'x', b: 'y' },
      targeting: { if: [{ sem_ver: [{ var: 'v' }, '>=', '1.2.3'] }, 'a', { starts_with: [{ var: 'x' }, 'y'] }, 'b'] },
    },
    three: flag({
      targeting: {
        if: [
          {
            and: [
              { '<': [1, { var: ['n', 2] }, 3] },
              { missing_some: [1, ['a']] },
              { '!': { var: 'x' } },
              { reduce: [{ var: 'xs' }, { var: 'current' }, 0] },
            ],
          },
          'on',
        ],
      },
    }),
  },
}

const paths = (value: Json, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] => [
  path,
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, item]) => paths(item as Json, [...path, key]))
    : []),
]

function put(value: Json, [step, ...rest]: readonly (string | number)[], to: Json | undefined): Json | undefined {
  if (step === undefined) return to
  const copy = structuredClone(value) as { [key: string]: Json }
  const next = put(copy[step] as Json, rest, to)
  if (next !== undefined) copy[step] = next
  else if (Array.isArray(copy)) copy.splice(Number(step), 1)
  else delete copy[step]
  return copy
}

describe('checkFlags', () => {
  it("judges as flagd's own schema does", () => {
    const leaves: readonly (Json | undefined)[] = [
      undefined,
      null,
      true,
      5,
      -1,
      0.5,
      'x',
      'ENABLED',
      [],
      ['x'],
      [1, 2],
      {},
      { var: 'x' },
      { nonsense: [1] },
      { or: [] },
      { a: 1, b: 2 },
    ]
    let refused = 0
    fc.assert(
      fc.property(fc.constantFrom(...paths(sound).slice(1)), fc.constantFrom(...leaves), (path, to) => {
        const given = put(sound, path, to)
        const ours = blocks(checkFlags(given)).filter((each) => !beyondIt(each))
        if (ours.length > 0) refused += 1
        expect({ given, takes: ours.length === 0 && blocks(checkFlags(given)).length === 0 }).toEqual({
          given,
          takes: schemaTakes(given) && blocks(checkFlags(given)).every((each) => !beyondIt(each)),
        })
      }),
      { numRuns: 1500 },
    )
    expect(refused).toBeGreaterThan(300)
  })
})

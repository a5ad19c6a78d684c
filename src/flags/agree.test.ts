/** Ours and flagd's own SDK, on random flags and contexts. ASCII only: over other keys the SDK hashes UTF-16, which flagd does not. */
import { isDeepStrictEqual } from 'node:util'
import { FlagdCore } from '@openfeature/flagd-core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Json, JsonObject } from '../core/index.ts'
import { compileFlags } from './compile.ts'
import { readFlags } from './parse.ts'
import type { FlagContext, FlagType } from './set.ts'

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }
const attribute = fc.constantFrom('email', 'tier', 'id')
const text = fc.constantFrom('a', 'b', 'gold', 'a@x.org', 'x', '1.2.3')
const variants: readonly JsonObject[] = [
  { on: true, off: false, true: true, false: false },
  { on: 'x', off: '', true: 't' },
  { on: 1, off: 0, '5': 5 },
  { on: { a: 1 }, off: {} },
]

const { condition, answer } = fc.letrec<{ condition: Json; answer: Json }>((tie) => {
  const asked = attribute.map((name) => ({ var: name }))
  const op = (name: string, ...args: readonly fc.Arbitrary<unknown>[]) =>
    fc.tuple(...args).map((list) => ({ [name]: list }) as unknown as Json)
  const bucket = fc.oneof(fc.tuple(tie('answer'), fc.integer({ min: -2, max: 50 })), fc.tuple(tie('answer')))
  const shares = fc.array(bucket, { minLength: 1, maxLength: 4 })
  const key = fc.constantFrom<Json>({ var: 'id' }, { cat: [{ var: '$flagd.flagKey' }, { var: 'id' }] })
  return {
    condition: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Json>(true, false, { $ref: 'staff' }),
      op('===', asked, text),
      op('!==', asked, text),
      op('==', asked, text),
      op('in', asked, fc.array(text, { maxLength: 7 })),
      op('in', fc.constant('@x'), fc.constant({ var: 'email' })),
      op('starts_with', asked, text),
      op('ends_with', asked, text),
      op(
        'sem_ver',
        fc.constant({ var: 'version' }),
        fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '^', '~', '?'),
        fc.constantFrom('1.2.3', '1.2', 'v2', '2.0.0-rc.1', 'no'),
      ),
      op('>', fc.constant({ var: ['age', 0] }), fc.integer({ min: 0, max: 90 })),
      op('<=', fc.integer({ min: 0, max: 50 }), fc.constant({ var: ['age', 0] }), fc.integer({ min: 0, max: 90 })),
      op('and', tie('condition'), tie('condition')),
      op('or', tie('condition'), tie('condition')),
      op('!', tie('condition')),
      op('some', fc.constant({ var: ['groups', []] }), op('===', fc.constant({ var: '' }), text)),
    ),
    answer: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Json>('on', 'off', 'on', 'off', 'on', 'off', null, true, false, 5, 'ghost'),
      op('if', tie('condition'), tie('answer'), tie('answer')),
      op('if', tie('condition'), tie('answer')),
      op('if', tie('condition'), tie('answer'), tie('condition'), tie('answer'), tie('answer')),
      shares.map((list) => ({ fractional: list }) as unknown as Json),
      fc.tuple(key, shares).map(([by, list]) => ({ fractional: [by, ...list] }) as unknown as Json),
    ),
  }
})
const rule = answer.filter((each) => typeof each === 'object' && each !== null)
const anyFlag = fc
  .record(
    {
      state: fc.constantFrom('ENABLED', 'ENABLED', 'ENABLED', 'DISABLED'),
      variants: fc.constantFrom(...variants),
      defaultVariant: fc.constantFrom('on', 'off', 'off', null),
      targeting: fc.oneof(
        rule,
        rule,
        rule,
        condition.filter((each) => typeof each === 'object'),
        fc.constant({}),
        fc.constant({ nonsense: [1] }),
      ),
      metadata: fc.constantFrom({}, { owner: 'pay' }),
    },
    { requiredKeys: ['state', 'variants'], noNullPrototype: true },
  )
  .map((flag) => flag as JsonObject)
const name = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }).filter((each) => !(each in {}))
const flags = fc.dictionary(name, anyFlag, { minKeys: 1, maxKeys: 3, noNullPrototype: true })
const contexts = fc.array(
  fc.record(
    {
      targetingKey: fc.oneof(fc.string({ unit: 'grapheme-ascii' }), fc.uuid()),
      id: fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
      email: text,
      tier: text,
      age: fc.integer({ min: 1, max: 99 }),
      version: fc.constantFrom('1.2.3', '1.2.4', 'v2.0.0', '2', 'x', '2.0.0-rc.1'),
      groups: fc.array(text, { maxLength: 3 }),
    },
    { requiredKeys: ['id'], noNullPrototype: true },
  ),
  { minLength: 4, maxLength: 8 },
)

it("is what flagd's own SDK answers, for thousands of files of flags", () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(flags, contexts, (file, asked) => {
      const document = {
        metadata: { version: '1' },
        $evaluators: { staff: { ends_with: [{ var: 'email' }, '@x.org'] } },
        flags: file,
      }
      const theirs = new FlagdCore(undefined, silent)
      theirs.setConfigurations(JSON.stringify(document))
      const ours = compileFlags(readFlags(JSON.parse(JSON.stringify(document))), { now: () => 0 })
      for (const key of [...Object.keys(file), 'gone']) {
        for (const context of asked) {
          for (const type of ['boolean', 'string', 'number', 'object'] as const) {
            const expected = answerOf(theirs, type, key, context)
            const answered = [oursOf(ours.resolve(key, context, type)), short(ours, type, key, context)]
            const wanted = [expected, expected.value === undefined ? fallbacks[type] : expected.value]
            // `expect` is slow, and nearly all are equal.
            if (!isDeepStrictEqual(answered, wanted))
              expect({ key, context, answered }).toEqual({ key, context, answered: wanted })
            const kind = `${expected.reason} ${expected.errorCode ?? ''}`
            seen.set(kind, (seen.get(kind) ?? 0) + 1)
          }
        }
      }
    }),
    { numRuns: 2000 },
  )
  // That it was put to every question.
  expect([...seen.keys()].sort()).toEqual([
    'DEFAULT ',
    'DISABLED ',
    'ERROR FLAG_NOT_FOUND',
    'ERROR GENERAL',
    'ERROR PARSE_ERROR',
    'ERROR TYPE_MISMATCH',
    'STATIC ',
    'TARGETING_MATCH ',
  ])
})

/** No value of any flag. */
const fallbacks = { boolean: false, string: 'fallback', number: -99, object: { fallback: true } } as const
const missingBoolean = Symbol('fallback')

function answerOf(theirs: FlagdCore, type: FlagType, key: string, context: object) {
  const given = context as Parameters<FlagdCore['resolveBooleanEvaluation']>[2]
  const answered =
    type === 'boolean'
      ? theirs.resolveBooleanEvaluation(key, missingBoolean as unknown as boolean, given)
      : type === 'string'
        ? theirs.resolveStringEvaluation(key, fallbacks.string, given)
        : type === 'number'
          ? theirs.resolveNumberEvaluation(key, fallbacks.number, given)
          : theirs.resolveObjectEvaluation(key, fallbacks.object, given)
  const { value, variant, reason, errorCode, flagMetadata } = answered
  const none = (value as unknown) === missingBoolean || value === fallbacks[type]
  return {
    value: none && type !== 'boolean' ? undefined : (value as unknown) === missingBoolean ? undefined : value,
    variant,
    reason,
    errorCode,
    metadata: flagMetadata,
  }
}

function oursOf({
  value,
  variant,
  reason,
  errorCode,
  metadata,
}: ReturnType<ReturnType<typeof compileFlags>['resolve']>) {
  return { value, variant, reason, errorCode, metadata }
}

function short(ours: ReturnType<typeof compileFlags>, type: FlagType, key: string, context: FlagContext) {
  if (type === 'boolean') return ours.boolean(key, fallbacks.boolean, context)
  if (type === 'string') return ours.string(key, fallbacks.string, context)
  if (type === 'number') return ours.number(key, fallbacks.number, context)
  return ours.object(key, fallbacks.object, context)
}

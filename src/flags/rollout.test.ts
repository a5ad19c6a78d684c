import { FlagdCore } from '@openfeature/flagd-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blocks, type JsonObject } from '../core/index.ts'
import { bucketOf } from './bucket.ts'
import { checkFlags } from './check.ts'
import { compileFlags } from './compile.ts'
import { parseFlags } from './parse.ts'
import { newFlag, type Rollout, rolloutOf, type Sides, sidesIn, withoutRollout, withRollout } from './rollout.ts'
import type { Flag, FlagContext } from './set.ts'

const key = 'new-checkout'
const everybody: Rollout = { enabled: true, percent: 0, allow: [], deny: [] }
const compiled = (flag: Flag) => compileFlags(parseFlags({ flags: { [key]: flag } }), { now: () => 0 })
const isIn = (flag: Flag, context: FlagContext) => compiled(flag).boolean(key, false, context)

const names = fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), { maxLength: 4 })
const percent = fc.integer({ min: 0, max: 10_000 }).map((steps) => steps / 100)
const rollouts: fc.Arbitrary<Rollout> = fc.record(
  {
    enabled: fc.boolean(),
    percent,
    allow: names,
    deny: names,
    nodes: fc.constantFrom('node', 'host.name', 'targetingKey'),
  },
  { requiredKeys: ['enabled', 'percent', 'allow', 'deny'], noNullPrototype: true },
)
const foreign: JsonObject = { if: [{ ends_with: [{ var: 'email' }, '@x.org'] }, 'on', 'off'] }
const rules = fc.constantFrom<JsonObject | undefined>(
  undefined,
  {},
  foreign,
  {
    fractional: [
      ['on', 1],
      ['off', 3],
    ],
  },
  { if: [{ in: [{ var: 'targetingKey' }, ['a']] }, 'on', { var: 'x' }] },
  { '===': [{ var: 'a' }, 1] },
)

describe('a rollout', () => {
  it('is read back as it was written, and is sound in flagd', () => {
    fc.assert(
      fc.property(rollouts, rules, (rollout, targeting) => {
        const before: Flag = {
          state: 'ENABLED',
          variants: { on: true, off: false },
          ...(targeting === undefined ? {} : { targeting }),
        }
        const flag = withRollout(before, rollout)
        expect(rolloutOf(flag)).toEqual(rollout)
        expect(rolloutOf(JSON.parse(JSON.stringify(flag)) as Flag)).toEqual(rollout)
        expect(withRollout(flag, rollout)).toEqual(flag)
        expect(blocks(checkFlags({ flags: { [key]: flag } }))).toEqual([])
        expect(withoutRollout(flag).targeting).toEqual(
          targeting !== undefined && Object.keys(targeting).length > 0 ? targeting : undefined,
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('keeps the sides that it was given, whatever they are called', () => {
    const sided = fc.uniqueArray(fc.constantFrom('red', 'blue', 'green', 'on', 'off'), { minLength: 2, maxLength: 5 })
    fc.assert(
      fc.property(sided, rollouts, rollouts, rules, (names, rollout, next, targeting) => {
        const [on = '', off = ''] = names
        const before: Flag = {
          state: 'ENABLED',
          variants: Object.fromEntries(names.map((name) => [name, name])),
          ...(targeting === undefined ? {} : { targeting }),
        }
        const flag = withRollout(before, rollout, { on, off })
        expect(rolloutOf(flag)).toEqual(rollout)
        // All are asked by the rule that is inside: the new side is named nowhere then.
        const told = rollout.percent < 100 || withoutRollout(flag).targeting === undefined || names.length === 2
        expect(sidesIn(flag)).toEqual(told ? { on, off } : undefined)
        expect(withRollout(flag, next, { on, off })).toEqual(withRollout(before, next, { on, off }))
        if (told) expect(withRollout(flag, next)).toEqual(withRollout(flag, next, { on, off }))
        else if (off !== 'off' || !names.includes('on')) expect(() => withRollout(flag, next)).toThrow('is the new one')
      }),
      { numRuns: 1000 },
    )
  })

  it.each<[Sides, string]>([
    [{ on: 'blue', off: 'rad' }, 'a side of the rollout is "rad", which is no variant; did you mean "red"?'],
    [{ on: 'red', off: 'red' }, 'both sides of the rollout are "red"'],
  ])('refuses the sides %j', (sides, message) => {
    const flag: Flag = { state: 'ENABLED', variants: { red: 1, blue: 2 }, defaultVariant: 'red' }
    expect(() => withRollout(flag, everybody, sides)).toThrow(message)
    expect(() => withRollout(flag, everybody)).toThrow('which of the variants ["red","blue"] is the new one')
  })

  it('lets nobody fall out while it grows, and exactly the lowest buckets in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), percent, percent, (user, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)]
        const context = { targetingKey: user }
        const [before, after] = [less, more].map((each) => isIn(newFlag({ ...everybody, percent: each }), context))
        expect(before && !after).toBe(false)
        expect(after).toBe(bucketOf(key, user) < Math.round(more * 100))
      }),
      { numRuns: 1000 },
    )
  })

  it('goes by node as it goes by user', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), percent, (node, share) => {
        const flag = newFlag({ ...everybody, percent: share, nodes: 'node' })
        expect(isIn(flag, { node, targetingKey: 'somebody' })).toBe(bucketOf(key, node) < Math.round(share * 100))
      }),
    )
    expect(isIn(newFlag({ ...everybody, percent: 100, nodes: 'node' }), { targetingKey: 'somebody' })).toBe(false)
  })

  it('denies before it allows, and allows before it counts', () => {
    const flag = newFlag({ ...everybody, percent: 50, allow: ['ann', 'bob'], deny: ['bob', 'cid'] })
    expect(isIn(flag, { targetingKey: 'ann' })).toBe(true)
    expect(isIn(flag, { targetingKey: 'bob' })).toBe(false)
    expect(isIn(newFlag({ ...everybody, percent: 100, deny: ['bob'] }), { targetingKey: 'bob' })).toBe(false)
    expect(isIn(newFlag({ ...everybody, percent: 0, allow: ['ann'] }), { targetingKey: 'ann' })).toBe(true)
  })

  it('lets those without a key in at 100 only', () => {
    expect(isIn(newFlag({ ...everybody, percent: 99.99 }), {})).toBe(false)
    expect(isIn(newFlag({ ...everybody, percent: 100 }), {})).toBe(true)
    expect(isIn(newFlag({ ...everybody, percent: 100, allow: ['a'], deny: ['b'] }), {})).toBe(true)
  })

  it('is killed without being forgotten', () => {
    const flag = newFlag({ ...everybody, enabled: false, percent: 30 })
    expect(compiled(flag).resolve(key, { targetingKey: 'u' })).toMatchObject({ reason: 'DISABLED' })
    expect(compiled(flag).boolean(key, false, { targetingKey: 'u' })).toBe(false)
    expect(rolloutOf(flag)?.percent).toBe(30)
  })

  it('keeps a rule that is not its own, and says who is asked by it', () => {
    const before: Flag = {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      targeting: foreign,
    }
    expect(rolloutOf(before)).toBeUndefined()
    const flag = withRollout(before, { ...everybody, percent: 0, allow: ['ann'], deny: ['bob'] })
    expect(JSON.stringify(flag.targeting)).toContain(JSON.stringify(foreign))
    expect(isIn(flag, { targetingKey: 'ann', email: 'ann@x.org' })).toBe(true)
    expect(isIn(flag, { targetingKey: 'ann', email: 'ann@y.org' })).toBe(false)
    expect(isIn(flag, { targetingKey: 'cid', email: 'cid@x.org' })).toBe(false)
    expect(isIn(withRollout(flag, { ...everybody, percent: 100 }), { targetingKey: 'cid', email: 'cid@x.org' })).toBe(
      true,
    )
    expect(withoutRollout(flag)).toEqual(before)
  })

  it('knows its sides, or asks', () => {
    const yesNo: Flag = { state: 'ENABLED', variants: { yes: true, no: false } }
    expect(withRollout(yesNo, { ...everybody, percent: 25 }).targeting).toEqual({
      fractional: [
        ['yes', 2500],
        ['no', 7500],
      ],
    })
    const versions: Flag = { state: 'ENABLED', variants: { v1: 'v1', v2: 'v2' } }
    expect(() => withRollout(versions, everybody)).toThrow(
      'does not know which of the variants ["v1","v2"] is the new one',
    )
    const flag = withRollout(versions, { ...everybody, percent: 100, deny: ['a'] }, { on: 'v2', off: 'v1' })
    expect(rolloutOf(flag)).toEqual({ ...everybody, percent: 100, deny: ['a'] })
    expect(flag.defaultVariant).toBe('v1')
  })

  it.each([101, -1, 0.005, Number.NaN, Infinity])('refuses %s percent', (wrong) => {
    expect(() => newFlag({ ...everybody, percent: wrong })).toThrow(
      `percent is ${wrong}, not 0 to 100 in steps of 0.01`,
    )
  })

  it("is the same to flagd's own SDK", () => {
    const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }
    fc.assert(
      fc.property(
        rollouts,
        rules,
        fc.array(fc.uuid(), { minLength: 10, maxLength: 10 }),
        (rollout, targeting, users) => {
          const flag = withRollout(
            { state: 'ENABLED', variants: { on: true, off: false }, ...(targeting === undefined ? {} : { targeting }) },
            rollout,
          )
          const theirs = new FlagdCore(undefined, silent)
          theirs.setConfigurations(JSON.stringify({ flags: { [key]: flag } }))
          for (const user of users) {
            const context = { targetingKey: user, node: user, host: { name: user }, email: 'a@x.org' }
            expect(isIn(flag, context)).toBe(theirs.resolveBooleanEvaluation(key, false, context).value)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

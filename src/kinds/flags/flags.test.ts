import { describe, expect, it } from 'vitest'
import { fileStore } from '../../../test/file-store.ts'
import { flagFile } from '../../adapters/flag-file/index.ts'
import { block } from '../../core/finding.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Mark, Writing } from '../../core/kind.ts'
import type { FlagFacts, FlagWriter } from '../../core/ports/index.ts'
import { compileFlags, newFlag, parseFlags } from '../../flags/index.ts'
import { describeKind, type KindCase } from '../../testing/index.ts'
import { flagsDisableAll, flagsSet } from './index.ts'

const rule = { if: [{ '==': [{ var: 'plan' }, 'gold'] }, 'on', 'off'] }
const flags = {
  plain: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' },
  share: newFlag({ enabled: true, percent: 5, allow: ['ann'], deny: [] }),
  ruled: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting: rule, owner: 'x' },
  colour: { state: 'ENABLED', variants: { red: 'red', blue: 'blue' }, defaultVariant: 'red' },
  byNode: newFlag({ enabled: true, percent: 5, allow: [], deny: [], nodes: 'host' }),
  asleep: newFlag({ enabled: false, percent: 5, allow: ['ann'], deny: [] }),
  always: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
} as unknown as JsonObject
const document: JsonObject = { $schema: 'https://flagd.dev/schema/v0/flags.json', flags, own: [1, 2] }

const world = () => fileStore(flagFile, document)

const cases: readonly KindCase[] = [
  { name: 'a share grows', kind: flagsSet, spec: { flag: 'share', percent: 10, deny: ['bob'] }, world },
  { name: 'around a rule', kind: flagsSet, spec: { flag: 'ruled', percent: 12.5, enabled: false }, world },
  { name: 'a new flag', kind: flagsSet, spec: { flag: 'neu', percent: 1, nodes: 'node', create: true }, world },
  {
    name: 'sides of its own',
    kind: flagsSet,
    spec: { flag: 'colour', percent: 5, sides: { on: 'blue', off: 'red' } },
    world,
  },
  { name: 'by user again', kind: flagsSet, spec: { flag: 'byNode', nodes: null }, world },
  { name: 'what is so already', kind: flagsSet, spec: { flag: 'plain', enabled: true }, world },
  { name: 'all', kind: flagsDisableAll, spec: {}, world },
  {
    name: 'a climb',
    kind: flagsSet,
    spec: { flag: 'share', percent: 10 },
    followedBy: [
      { flag: 'share', percent: 50 },
      { flag: 'plain', enabled: false },
      { flag: 'share', percent: 100 },
    ],
    world,
  },
  { name: 'twice', kind: flagsDisableAll, spec: { only: ['share'] }, followedBy: [{}], world },
  { name: 'some', kind: flagsDisableAll, spec: { only: ['*a*'], except: ['share'] }, world },
]
for (const each of cases) describeKind(each, { describe, it })

const planOf = (spec: Json, facts: Partial<FlagFacts> = {}) =>
  flagsSet.plan(flagsSet.spec.parse(spec), {
    facts: { store: { flags, evaluators: {}, metadata: {}, ...facts } },
    tools: { store: {} },
    targets: { store: 'flags' },
  })

describe('flags.set', () => {
  it.each([
    [
      { flag: 'share', percent: 10 },
      ['flag "share": 5 % to 10 % of the users: 5 % more come in, nobody who is in falls out'],
    ],
    [
      { flag: 'share', percent: 0.01 },
      ['flag "share": 5 % to 0.01 % of the users: 4.99 % fall out, the others stay in'],
    ],
    [
      { flag: 'share', allow: ['bob'], deny: ['eve'] },
      [
        'flag "share": "bob" comes in by name',
        'flag "share": "ann" is not in by name any more',
        'flag "share": "eve" is kept out by name',
      ],
    ],
    [
      { flag: 'plain', enabled: false },
      ['flag "plain" is switched off: every program uses its own fallback, for everybody'],
    ],
    [{ flag: 'plain', enabled: true }, ['flag "plain" is so already']],
    [
      { flag: 'ruled', percent: 20 },
      [
        'flag "ruled": 100 % to 20 % of the users: 80 % fall out, the others stay in',
        'the rule of flag "ruled" stays, and is asked for those who are in',
      ],
    ],
    [{ flag: 'always', deny: ['eve'] }, ['flag "always": "eve" is kept out by name']],
    [
      { flag: 'colour', percent: 5, sides: { on: 'blue', off: 'red' } },
      [
        'flag "colour": 0 % to 5 % of the users: 5 % more come in, nobody who is in falls out',
        'flag "colour": those who are in get "blue", all others "red"',
      ],
    ],
    [
      { flag: 'colour', percent: 40, sides: { on: 'red', off: 'blue' } },
      [
        'flag "colour": 100 % to 40 % of the users: 60 % fall out, the others stay in',
        'flag "colour": those who are in get "red", all others "blue"',
      ],
    ],
    [{ flag: 'byNode', nodes: null }, ['flag "byNode" goes by user now: every bucket is drawn anew']],
    [{ flag: 'neu', create: true, percent: 5 }, ['flag "neu" is new: 5 % of the users are in']],
    [
      { flag: 'neu', create: true, percent: 0, allow: ['ann'] },
      ['flag "neu" is new: nobody is in but by name', 'flag "neu": "ann" comes in by name'],
    ],
    [{ flag: 'neu', create: true }, ['flag "neu" is new: nobody is in']],
    [
      { flag: 'neu', create: true, percent: 5, enabled: false, deny: ['eve'] },
      [
        'flag "neu" is new and switched off: every program uses its own fallback, for everybody',
        'flag "neu": 5 % of the users are in, once it is switched on',
        'flag "neu": "eve" is kept out by name, once it is switched on',
      ],
    ],
    [
      { flag: 'share', percent: 10, enabled: false },
      [
        'flag "share" is switched off: every program uses its own fallback, for everybody',
        'flag "share": 5 % to 10 % of the users, once it is switched on',
      ],
    ],
    [
      { flag: 'asleep', percent: 10, allow: ['ann', 'bob'] },
      [
        'flag "asleep": 5 % to 10 % of the users, once it is switched on',
        'flag "asleep": "bob" comes in by name, once it is switched on',
        'flag "asleep" is switched off: nobody moves until it is enabled',
      ],
    ],
    [
      { flag: 'asleep', percent: 10, enabled: true },
      ['flag "asleep" is switched on again: 10 % of the users are in', 'flag "asleep": 5 % to 10 % of the users'],
    ],
  ])('says who moves: %j', (spec, preview) => {
    expect(planOf(spec).preview).toEqual(preview)
  })

  it('keeps who is in where only a list is named', () => {
    const { predicted } = planOf({ flag: 'always', deny: ['eve'] })
    const now = compileFlags(parseFlags({ flags: predicted.store?.flags as Json }), { now: () => 0 })
    expect(['ann', 'eve'].map((targetingKey) => now.boolean('always', true, { targetingKey }))).toEqual([true, false])
  })

  it('blocks an unknown flag with the nearest name, and one without sides', () => {
    expect(planOf({ flag: 'shaer', percent: 1 }).findings).toMatchObject([
      { level: 'block', code: 'flags.unknown', message: 'there is no flag "shaer"; did you mean "share"?' },
    ])
    expect(planOf({ flag: 'colour', percent: 1 }).findings).toEqual([
      block(
        'flags.no-sides',
        'flag "colour": a rollout does not know which of the variants ["red","blue"] is the new one',
        'say which is which: `sides: { on: blue, off: red }` in a plan, `--sides blue,red` with `changeover flags set`',
      ),
    ])
    expect(planOf({ flag: 'colour', percent: 1, sides: { on: 'bleu', off: 'red' } }).findings).toEqual([
      block(
        'flags.side-unknown',
        'flag "colour": a side of the rollout is "bleu", which is no variant; did you mean "blue"?',
        'name two of the variants ["red","blue"]',
      ),
    ])
  })

  it('blocks a share where the set, or the flag over it, draws buckets that no proxy draws; a switch always works', () => {
    const metadata = { hashGeneration: 'v3', flagSetId: 'shop' }
    const drawn = (spec: JsonObject, facts: Partial<FlagFacts>) =>
      (planOf(spec, facts).findings ?? []).map(({ code, message }) => [code, message.split(';')[0]])
    const finding = ['flags.generation', 'flag "share" draws its buckets by hash generation "v3"']
    const own = (generation: string) => ({
      flags: { share: { ...(flags['share'] as JsonObject), metadata: { hashGeneration: generation } } },
    })
    expect(drawn({ flag: 'share', percent: 10 }, { metadata })).toEqual([finding])
    expect(drawn({ flag: 'share', percent: 10 }, own('v3'))).toEqual([finding])
    expect(drawn({ flag: 'share', percent: 10 }, { metadata, ...own('v2') })).toEqual([])
    expect(drawn({ flag: 'share', percent: 100 }, { metadata })).toEqual([])
    expect(drawn({ flag: 'share', enabled: false }, { metadata })).toEqual([])
    expect(drawn({ flag: 'neu', percent: 10, create: true }, { metadata })).toEqual([])
    expect(planOf({ flag: 'share', percent: 10 }, { metadata }).predicted.store?.metadata).toEqual(metadata)
  })

  it.each([{ percent: 101 }, { percent: -1 }, { percent: 0.001 }, {}])('refuses %j', (wish) => {
    expect(flagsSet.spec.safeParse({ flag: 'share', ...wish }).success).toBe(false)
  })
})

describe('somebody else', () => {
  const draft = planOf({ flag: 'share', percent: 10 })
  const context = (store: FlagWriter, applied: Mark): Writing<typeof flagsSet.roles> =>
    ({ on: { store }, applied, run: 'r', step: 's', signal: new AbortController().signal }) as never
  const all = async (marks: AsyncIterable<Mark>): Promise<Mark> => {
    let last: Mark = null
    for await (const each of marks) last = each
    return last
  }
  const by = { by: 'bob', why: 'meanwhile' }

  it('who changed the flag is not overwritten, neither forward nor back', async () => {
    const place = await world()
    const store = place.targets['store']!.write as unknown as FlagWriter
    const mark = await all(flagsSet.apply(draft.work, context(store, null), null))
    await store.change({ share: flags['plain'] as JsonObject }, (await store.read()).version, by)
    const moved = {
      code: 'target.conflict',
      message: 'flag "share" of "flags" was changed by somebody else meanwhile',
    }
    await expect(all(flagsSet.rollback(draft.work, context(store, mark), null))).rejects.toMatchObject(moved)
    await expect(all(flagsSet.apply(draft.work, context(store, null), null))).rejects.toMatchObject(moved)
    expect(await flagsSet.check?.(draft.work, context(store, null) as never)).toMatchObject([{ code: 'flags.moved' }])
    expect(await flagsSet.verify?.(draft.work, context(store, mark) as never)).toMatchObject([{ level: 'block' }])
    // A step that never began has nothing to take back, whatever is there.
    await all(flagsSet.rollback(draft.work, context(store, null), null))
    await place.close()
  })

  it('is not overwritten either where several changes are turned back in one', async () => {
    const place = await world()
    const store = place.targets['store']!.write as unknown as FlagWriter
    const mark = await all(flagsSet.apply(draft.work, context(store, null), null))
    const first = (await store.read()).document['flags'] as JsonObject
    const more = flagsSet.plan(flagsSet.spec.parse({ flag: 'share', percent: 50 }), {
      facts: { store: { flags: first, evaluators: {}, metadata: {} } },
      tools: { store: {} },
      targets: { store: 'flags' },
    })
    await all(flagsSet.apply(more.work, context(store, null), null))
    const both = [more.work, draft.work]
    const back = () => all(flagsSet.rollbackTogether!(both, context(store, mark), null))
    const written = (await store.read()).document['flags'] as JsonObject
    await store.change({ share: flags['plain'] as JsonObject }, (await store.read()).version, by)
    await expect(back()).rejects.toMatchObject({ code: 'target.conflict' })
    await store.change({ share: written['share'] as JsonObject }, (await store.read()).version, by)
    const changes = (await store.history('share')).length
    await back()
    await back()
    expect((await store.read()).document['flags']).toEqual(flags)
    expect(await store.history('share')).toHaveLength(changes + 1)
    await place.close()
  })

  it('who changes another flag does not stand in the way', async () => {
    const place = await world()
    const store = place.targets['store']!.write as unknown as FlagWriter
    let busy = 3
    const beset: FlagWriter = {
      ...store,
      change: async (changes, version, who) => {
        if (busy-- > 0) await store.change({ [`other-${busy}`]: flags['plain'] as JsonObject }, version, by)
        return store.change(changes, version, who)
      },
    }
    await all(flagsSet.apply(draft.work, context(beset, null), null))
    const [latest] = await store.history('share')
    expect(latest).toMatchObject({ by: 'run "r"', why: 'flags.set "share" (step "s")' })
    expect(await store.history()).toHaveLength(4)
    await place.close()
  })
})

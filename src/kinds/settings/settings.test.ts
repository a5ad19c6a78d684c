import { describe, expect, it } from 'vitest'
import { fileStore } from '../../../test/file-store.ts'
import { settingsFile } from '../../adapters/settings-file/index.ts'
import type { Json } from '../../core/json.ts'
import type { Mark, Writing } from '../../core/kind.ts'
import type { SettingsWriter } from '../../core/ports/index.ts'
import { readSettings } from '../../settings/index.ts'
import { describeKind, type KindCase } from '../../testing/index.ts'
import { settingsSet } from './index.ts'

const document = {
  settings: {
    'net.latency': { type: 'duration', default: '50ms', max: '10s' },
    'cache.size': { type: 'integer', default: 1000, min: 1 },
    auto: { type: 'boolean', default: true },
  },
  values: { 'cache.size': 500 },
}

const world = () => fileStore(settingsFile, document)

const cases: readonly KindCase[] = [
  { name: 'a first value', kind: settingsSet, spec: { set: { 'net.latency': '100ms' } }, world },
  {
    name: 'another value, and a default',
    kind: settingsSet,
    spec: { set: { 'cache.size': null, auto: false } },
    world,
  },
  { name: 'what is so already', kind: settingsSet, spec: { set: { 'cache.size': 500, auto: null } }, world },
]
for (const each of cases) describeKind(each, { describe, it })

const planOf = (set: Json) => {
  const facts = { store: readSettings(document) as never }
  return settingsSet.plan(settingsSet.spec.parse({ set }), { facts, tools: { store: {} }, targets: { store: 'app' } })
}

describe('settings.set', () => {
  it('says what changes, and what does not', () => {
    expect(planOf({ 'net.latency': '100ms', 'cache.size': null, auto: true }).preview).toEqual([
      '"net.latency": 50ms to 100ms',
      '"cache.size": 500 to 1000, its default',
      '"auto" is true already',
    ])
  })

  it.each([
    [{ 'net.latncy': '1s' }, 'settings.unknown', 'there is no setting "net.latncy"; did you mean "net.latency"?'],
    [{ 'net.latency': '20s' }, 'settings.invalid', 'setting "net.latency" is "20s", more than 10s'],
    [{ 'cache.size': '12 MB' }, 'settings.invalid', 'setting "cache.size" is "12 MB", not an integer from 1'],
  ])('blocks %j', (set, code, message) => {
    expect(planOf(set).findings).toMatchObject([{ level: 'block', code, message }])
  })
})

describe('somebody else', () => {
  const draft = planOf({ 'net.latency': '100ms' })
  const by = { by: 'bob', why: 'meanwhile' }
  const context = (store: SettingsWriter, applied: Mark): Writing<typeof settingsSet.roles> =>
    ({ on: { store }, applied, run: 'r', step: 's', signal: new AbortController().signal }) as never
  const all = async (marks: AsyncIterable<Mark>): Promise<Mark> => {
    let last: Mark = null
    for await (const each of marks) last = each
    return last
  }

  it('who changed the setting is not overwritten, neither forward nor back', async () => {
    const place = await world()
    const store = place.targets['store']!.write as unknown as SettingsWriter
    const mark = await all(settingsSet.apply(draft.work, context(store, null), null))
    await store.change({ 'net.latency': '2s' }, (await store.read()).version, by)
    const moved = {
      code: 'target.conflict',
      message: 'setting "net.latency" of "app" was changed by somebody else meanwhile',
    }
    await expect(all(settingsSet.rollback(draft.work, context(store, mark), null))).rejects.toMatchObject(moved)
    await expect(all(settingsSet.apply(draft.work, context(store, null), null))).rejects.toMatchObject(moved)
    expect(await settingsSet.check?.(draft.work, context(store, null) as never)).toMatchObject([
      { code: 'settings.moved' },
    ])
    await all(settingsSet.rollback(draft.work, context(store, null), null))
    await place.close()
  })

  it('who changes another setting does not stand in the way', async () => {
    const place = await world()
    const store = place.targets['store']!.write as unknown as SettingsWriter
    let busy = 3
    const beset: SettingsWriter = {
      ...store,
      change: async (values, version, who) => {
        if (busy-- > 0) await store.change({ 'cache.size': 10 + busy }, version, by)
        return store.change(values, version, who)
      },
    }
    await all(settingsSet.apply(draft.work, context(beset, null), null))
    const [latest] = await store.history('net.latency')
    expect(latest).toMatchObject({ by: 'run "r"', why: 'settings.set (step "s")', before: null, after: '100ms' })
    expect(await store.history()).toHaveLength(4)
    await place.close()
  })
})

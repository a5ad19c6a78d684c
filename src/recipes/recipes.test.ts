import { describe, expect, test } from 'vitest'
import { isChangeoverError } from '../core/errors.ts'
import { parseDuration, showDuration } from '../core/duration.ts'
import { expandRecipes } from '../core/recipe.ts'
import { showPath } from '../core/shape.ts'
import { builtinRecipes } from '../builtin.ts'
import { type FlagSchedule, flagSchedule, type ModuleSchedule, moduleSchedule } from './index.ts'

const gate = { id: 'errors', kind: 'gate.metrics', on: 'app', spec: { metrics: { errors: { query: 'e', max: 1 } } } }

/** The table of the guide: weeks × features. */
const weeks: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0],
  [10, 0, 0, 0, 0],
  [50, 10, 10, 0, 10],
  [100, 50, 50, 10, 50],
  [100, 100, 100, 50, 100],
  [100, 100, 100, 100, 100],
]
const flags = ['hybrid_mode', 'ml_compression', 'crdt_sync', 'pbft_consensus', 'internet_opt']
const guide: FlagSchedule = {
  id: 'rollout',
  on: 'flags',
  flags,
  length: '7d',
  periods: weeks.map((row, week) => ({
    name: `Week ${week + 1}`,
    percent: Object.fromEntries(row.map((figure, at) => [flags[at]!, figure])),
  })),
  gates: [gate],
}

const said = (body: () => unknown): string => {
  try {
    body()
  } catch (error) {
    if (isChangeoverError(error)) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('durations', () => {
  test.each([
    ['7d', 604_800_000],
    ['48h', 172_800_000],
    ['1h30m', 5_400_000],
    ['0.5s', 500],
    ['500ms', 500],
    ['1w', 604_800_000],
  ])('%s is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms))
  test.each(['', '7', 'd', '7 d', '-1d', '30m1h', '1d1d', '7days', '1.d'])('"%s" is none', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  )

  test.each([
    [0, '0 s'],
    [300, '300 ms'],
    [1001, '2 s'],
    [300_000, '5 min 0 s'],
    [12_000_000, '3 h 20 min'],
    [604_800_000, '7 d 0 h'],
  ])('%i ms are shown as %s', (ms, text) => expect(showDuration(ms)).toBe(text))
})

describe('a flag schedule', () => {
  const steps = flagSchedule(guide)

  test('sets in each week what changes in it, waits its real length, and then asks its gates', () => {
    const short = steps.map((step) => {
      const { flag, percent, forMs } = step.spec as { flag?: string; percent?: number; forMs?: number }
      return `${step.stage}: ${step.kind} ${flag ?? ''}${percent ?? forMs ?? ''}`
    })
    const wait = (week: number) => [`Week ${week}: gate.soak 604800000`, `Week ${week}: gate.metrics `]
    expect(short).toEqual([
      ...flags.map((flag) => `Week 1: flags.set ${flag}0`),
      ...wait(1),
      'Week 2: flags.set hybrid_mode10',
      ...wait(2),
      'Week 3: flags.set hybrid_mode50',
      'Week 3: flags.set ml_compression10',
      'Week 3: flags.set crdt_sync10',
      'Week 3: flags.set internet_opt10',
      ...wait(3),
      'Week 4: flags.set hybrid_mode100',
      'Week 4: flags.set ml_compression50',
      'Week 4: flags.set crdt_sync50',
      'Week 4: flags.set pbft_consensus10',
      'Week 4: flags.set internet_opt50',
      ...wait(4),
      'Week 5: flags.set ml_compression100',
      'Week 5: flags.set crdt_sync100',
      'Week 5: flags.set pbft_consensus50',
      'Week 5: flags.set internet_opt100',
      ...wait(5),
      'Week 6: flags.set pbft_consensus100',
      ...wait(6),
    ])
  })

  test('gives ids and titles that say what happens', () => {
    const week2 = steps.filter((step) => step.stage === 'Week 2')
    expect(week2.map(({ id, title }) => [id, title])).toEqual([
      ['rollout-week-2-hybrid_mode', 'hybrid_mode from 0 % to 10 %'],
      ['rollout-week-2-soak', 'let 7d pass'],
      ['rollout-week-2-errors', undefined],
    ])
    expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length)
  })

  test('begins with a canary that lets in only those named, and goes on from there', () => {
    const made = flagSchedule({
      ...guide,
      nodes: 'node',
      canary: { allow: ['node-1', 'node-2'], flags: ['hybrid_mode'], length: '48h' },
    })
    expect(made.slice(0, 3).map(({ stage, kind, spec }) => [stage, kind, spec])).toEqual([
      [
        'Canary',
        'flags.set',
        { flag: 'hybrid_mode', percent: 0, enabled: true, nodes: 'node', allow: ['node-1', 'node-2'], why: 'Canary' },
      ],
      ['Canary', 'gate.soak', { forMs: 172_800_000 }],
      ['Canary', 'gate.metrics', gate.spec],
    ])
    const later = made.filter(({ spec }) => (spec as { flag?: string }).flag === 'hybrid_mode').slice(1)
    expect(later.map(({ spec }) => spec)).toEqual([
      { flag: 'hybrid_mode', percent: 10, why: 'Week 2' },
      { flag: 'hybrid_mode', percent: 50, why: 'Week 3' },
      { flag: 'hybrid_mode', percent: 100, why: 'Week 4' },
    ])
  })

  test('is so many times shorter in a rehearsal, and says what each wait stands for', () => {
    const waits = flagSchedule({ ...guide, compress: 10_080 }).filter(({ kind }) => kind === 'gate.soak')
    expect(waits).toHaveLength(6)
    expect(waits[0]).toMatchObject({
      title: 'let 7d pass, rehearsed in 60 s',
      spec: { forMs: 60_000, compressed: { of: '7d', by: 10_080 } },
    })
  })

  test('puts guards beside the wait and beside what waits for a person', () => {
    const made = flagSchedule({
      id: 'r',
      on: 'flags',
      flags: ['a'],
      part: 'flags',
      periods: [{ name: 'Week 1', length: '1h', percent: { a: 5 }, approval: 'Go on?', guards: [gate] }],
    })
    expect(made.map(({ id, approval, guards, part }) => [id, approval, guards?.map((each) => each.id), part])).toEqual([
      ['r-week-1-a', 'Go on?', ['r-week-1-a-errors'], 'flags'],
      ['r-week-1-soak', undefined, ['r-week-1-soak-errors'], 'flags'],
    ])
  })

  test('writes other things than flags, by a template or a function', () => {
    const one = { ...guide, flags: ['api'], on: 'proxy', periods: [{ name: 'Week 1', percent: { api: 12.5 } }] }
    const put = {
      kind: 'traffic.shift',
      spec: { route: '{name}', to: { v1: '{rest}', v2: '{share}' } },
      part: '{name} part',
    }
    const wanted = {
      id: 'rollout-week-1-api',
      kind: 'traffic.shift',
      on: 'proxy',
      part: 'api part',
      spec: { route: 'api', to: { v1: 8750, v2: 1250 } },
    }
    expect(flagSchedule({ ...one, put })[0]).toMatchObject(wanted)
    const byFunction = flagSchedule({
      ...one,
      put: ({ name, percent }) => ({
        kind: 'traffic.shift',
        part: 'api part',
        spec: { route: name, to: { v1: 10_000 - percent * 100, v2: percent * 100 } },
      }),
    })
    expect(byFunction[0]).toMatchObject(wanted)
  })

  const row = { name: 'Week 1', percent: { a: 10 } }
  const small: FlagSchedule = { id: 's', on: 'flags', flags: ['a'], length: '1d', gates: [gate], periods: [row] }
  const week2 = (percent: Record<string, number>, more = {}) => ({ name: 'Week 2', percent, ...more })
  test.each<[string, object, string]>([
    [
      'percent 101',
      { periods: [{ ...row, percent: { a: 101 } }] },
      'periods[0].percent.a: Too big: expected number to be <=100, not 101',
    ],
    [
      'a percent too fine',
      { periods: [{ ...row, percent: { a: 0.001 } }] },
      'periods[0].percent.a: is not in steps of 0.01',
    ],
    [
      'a flag that is no column',
      { flags: ['alpha'], periods: [{ ...row, percent: { alpah: 1 } }] },
      'periods[0].percent.alpah: there is no "alpah"; did you mean "alpha"?',
    ],
    ['a column without a figure', { flags: ['a', 'b'] }, 'flags[1]: "b" has no figure in any period'],
    [
      'a figure that falls',
      { periods: [row, week2({ a: 5 })] },
      'periods[1].percent.a: 5 % is less than the 10 % before it',
    ],
    ['a name twice', { periods: [row, row] }, 'periods[1].name: "Week 1" is there twice'],
    [
      'names too alike for ids',
      { periods: [row, { ...row, name: 'week-1' }] },
      'periods[1].name: "week-1" is too like "Week 1"',
    ],
    ['no length', { length: undefined }, 'periods[0].length: "Week 1" has no length'],
    ['a length that is none', { length: '7 days' }, 'length: a duration such as "7d"'],
    ['nothing that could stop it', { gates: [] }, 'periods[0]: nothing could stop "Week 1"'],
    [
      'two gates of one name',
      { gates: [gate, gate] },
      'periods[0].gates: two of the gates of "Week 1" are called "errors"',
    ],
    ['no store', { on: undefined }, 'on: name the flag store'],
    ['a canary of another flag', { canary: { allow: ['x'], flags: ['b'] } }, 'canary.flags[0]: there is no "b"'],
    ['compression below one', { compress: 0.5 }, 'compress: Too small: expected number to be >=1, not 0.5'],
    ['a key that is not known', { canery: {} }, 'canery: unknown key "canery"; did you mean "canary"?'],
  ])('refuses %s', (_, change, wanted) => {
    expect(said(() => flagSchedule({ ...small, ...change } as FlagSchedule))).toContain(`flagSchedule "s": ${wanted}`)
  })

  test('names only what is too like another', () => {
    const names = ['week-1', 'Woche 1', '??', '!!']
    const text = said(() => flagSchedule({ ...small, periods: [row, ...names.map((name) => ({ ...row, name }))] }))
    expect(text.match(/"[^"]*" is too like/g)).toEqual(['"week-1" is too like'])
    expect(text.match(/"[^"]*" has no letter/g)).toEqual(['"??" has no letter', '"!!" has no letter'])
  })

  test('takes a lower figure where the period says so', () => {
    const made = flagSchedule({ ...small, periods: [row, week2({ a: 5 }, { down: true })] })
    expect(made[3]).toMatchObject({ title: 'a from 10 % to 5 %', spec: { percent: 5 } })
  })
})

describe('a module schedule', () => {
  /** The table of the guide: day ranges × environments. */
  const mana: ModuleSchedule = {
    id: 'modules',
    on: 'flags',
    modules: ['transaction_pool', 'sync_service'],
    environments: ['test', 'staging', 'production'],
    environment: 'staging',
    gates: [gate],
    periods: [
      { name: 'Week 1, day 1-2', length: '2d', percent: { test: 10 } },
      { name: 'Week 1, day 3-4', length: '2d', percent: { staging: 25 } },
      { name: 'Week 1, day 5-7', length: '3d', percent: { staging: 50, production: { transaction_pool: 1 } } },
      { name: 'Week 2, day 1-2', length: '2d', percent: { production: 25 } },
    ],
  }
  const shortOf = (environment: string) =>
    moduleSchedule({ ...mana, environment }).map(
      ({ stage, spec, title }) => `${stage}: ${title ?? Object.keys(spec as object).join()}`,
    )

  test('takes the periods of its environment only', () => {
    expect(shortOf('staging')).toEqual([
      'Week 1, day 3-4: transaction_pool at 25 %',
      'Week 1, day 3-4: sync_service at 25 %',
      'Week 1, day 3-4: let 2d pass',
      'Week 1, day 3-4: metrics',
      'Week 1, day 5-7: transaction_pool from 25 % to 50 %',
      'Week 1, day 5-7: sync_service from 25 % to 50 %',
      'Week 1, day 5-7: let 3d pass',
      'Week 1, day 5-7: metrics',
    ])
    expect(shortOf('production')).toEqual([
      'Week 1, day 5-7: transaction_pool at 1 %',
      'Week 1, day 5-7: let 3d pass',
      'Week 1, day 5-7: metrics',
      'Week 2, day 1-2: transaction_pool from 1 % to 25 %',
      'Week 2, day 1-2: sync_service at 25 %',
      'Week 2, day 1-2: let 2d pass',
      'Week 2, day 1-2: metrics',
    ])
  })

  test.each<[string, object, string]>([
    ['an environment that is no column', { environment: 'prod' }, 'environment: there is no environment "prod"'],
    [
      'one without a figure',
      { environments: [...mana.environments, 'dr'], environment: 'dr' },
      'environment: no period has a figure for "dr"',
    ],
    [
      'a cell of another environment',
      { periods: [{ name: 'x', length: '1d', percent: { stagin: 1, staging: 1 } }] },
      'periods[0].percent.stagin: there is no environment "stagin"; did you mean "staging"?',
    ],
    [
      'a cell of another module',
      { periods: [{ name: 'x', length: '1d', percent: { staging: { sync: 1 } } }] },
      'periods[0].percent.staging.sync: there is no "sync"',
    ],
    [
      'a figure that falls, in any column',
      { periods: [...mana.periods, { name: 'x', length: '1d', percent: { production: 5 } }] },
      'periods[4].percent.production: 5 % is less than the 25 % before it',
    ],
  ])('refuses %s', (_, change, wanted) => {
    expect(said(() => moduleSchedule({ ...mana, ...change } as ModuleSchedule))).toContain(
      `moduleSchedule "modules": ${wanted}`,
    )
  })
})

describe('a plan that names a recipe', () => {
  const locate = (path: readonly PropertyKey[]) => `plan.yaml: ${showPath(path)}`
  const { id, ...spec } = guide

  test('is the steps it became; what stands behind them keeps its place in messages', () => {
    const before = { id: 'a', kind: 'gate.soak' }
    const { value, locate: at } = expandRecipes(
      { name: 'x', steps: [before, { recipe: 'flags.schedule', id, spec }, before] },
      builtinRecipes,
      locate,
    )
    const steps = (value as { steps: readonly { id: string }[] }).steps
    expect(steps).toEqual([before, ...flagSchedule(guide), before])
    expect(at(['steps', 0, 'id'])).toBe('plan.yaml: steps[0].id')
    expect(at(['steps', 1, 'spec', 'flag'])).toBe(
      'plan.yaml: steps[1]: spec.flag of a step made by recipe "flags.schedule"',
    )
    expect(at(['steps', steps.length - 1, 'id'])).toBe('plan.yaml: steps[2].id')
  })

  test('leaves what is no plan to those who judge it', () => {
    for (const value of [null, 3, { steps: 'x' }, { steps: [null, 4] }])
      expect(expandRecipes(value, builtinRecipes, locate).value).toBe(value)
  })

  test.each<[string, object, string]>([
    [
      'an unknown name',
      { recipe: 'flag.schedule', id },
      'plan.yaml: steps[0].recipe: there is no recipe "flag.schedule"; did you mean "flags.schedule"?',
    ],
    ['an unknown key', { recipe: 'flags.schedule', id, on: 'flags' }, 'plan.yaml: steps[0].on: unknown key "on"'],
    ['no id', { recipe: 'flags.schedule', spec }, 'plan.yaml: steps[0].id: '],
    [
      'a wrong spec',
      { recipe: 'flags.schedule', id, spec: { ...spec, length: 7 } },
      'plan.yaml: steps[0].spec.length: ',
    ],
  ])('is refused for %s, with its place', (_, entry, wanted) => {
    expect(said(() => expandRecipes({ steps: [entry] }, builtinRecipes, locate))).toContain(wanted)
  })
})

describe('every recipe', () => {
  test.each([...builtinRecipes.values()])('$name makes steps of its own example', (recipe) => {
    const made = recipe.steps('x', recipe.spec.parse(recipe.example))
    expect(made.length).toBeGreaterThan(3)
    expect(made.every(({ id }) => id.startsWith('x-'))).toBe(true)
    expect(recipe.steps('x', recipe.spec.parse(recipe.example))).toEqual(made)
  })
})

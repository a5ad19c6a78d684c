import { describe, expect, test } from 'vitest'
import { builtinAdapters, builtinKinds } from '../builtin.ts'
import { readAsked } from './asked.ts'
import { mustBeKnown } from './bind.ts'
import { isChangeoverError } from './errors.ts'
import { showPath } from './shape.ts'

const good = {
  name: 'shop',
  from: '1',
  to: '2',
  targets: { db: { adapter: 'postgres', config: { url: '${URL}' } } },
  steps: [{ id: 'one', kind: 'gate.soak', spec: { forMs: 10 } }],
}

/** What a plan is refused for, a line each; undefined where it is not. */
function refused(plan: unknown): { code: string; lines: readonly string[]; help: readonly string[] } | undefined {
  try {
    mustBeKnown(readAsked(plan, showPath), { kinds: builtinKinds, adapters: builtinAdapters }, showPath)
    return undefined
  } catch (error) {
    if (!isChangeoverError(error)) throw error
    return { code: error.code, lines: error.message.split('\n'), help: error.help.split('\n') }
  }
}

describe('a plan with several mistakes', () => {
  test('has them named in one go, each with its place and what mends it', () => {
    const steps = [
      { id: 'a', kind: 'schema.add-colum', on: 'db' },
      { id: 'b', kind: 'data.transform', on: 'dbb', spec: { tabel: 'users' } },
      { id: 'c', kind: 'gate.soak', spec: {}, guards: [{ id: 'd', kind: 'gate.nothing' }] },
    ]
    const found = refused({ ...good, targets: { db: { adapter: 'postgress' } }, steps })
    expect(found?.lines).toEqual([
      'targets.db.adapter: there is no adapter "postgress"; did you mean "postgres"?',
      'steps[0].kind: step "a" is of kind "schema.add-colum", which is not known; did you mean "schema.add-column"?',
      'steps[1].on: step "b" uses target "dbb", which is not declared; did you mean "db"?',
      'steps[1].spec.tabel: step "b": unknown key "tabel"; did you mean "table"?',
      'steps[2].spec.forMs: step "c": is missing; it takes a number',
      expect.stringContaining('step "d" is of kind "gate.nothing", which is not known'),
    ])
    expect(found?.help.join('\n')).toContain('declare "dbb" under `targets:`')
    expect(found?.help.filter((line) => line.includes('changeover docs kinds'))).toHaveLength(1)
  })

  test('has every id that is there twice, target and step that is not there', () => {
    const steps = [good.steps[0], good.steps[0]]
    const found = refused({ ...good, steps, backFirst: ['dbb'], checklist: [{ item: 'x', step: 'oen' }] })
    expect(found?.code).toBe('plan.invalid')
    expect(found?.lines).toEqual([
      'steps[1].id: two steps have the id "one"',
      'backFirst[0] is target "dbb", which is not declared; did you mean "db"?',
      'checklist[0].step: checklist item "x" names step "oen", which the plan does not have; did you mean "one"?',
    ])
  })

  test('one mistake keeps its own code', () => {
    expect(refused({ ...good, backFirst: ['dbb'] })?.code).toBe('plan.unknown-target')
    expect(refused(good)).toBeUndefined()
  })
})

test.each([
  [{ from: 1 }, 'from: takes a text, not 1; write "1"'],
  [{ to: undefined }, 'to: is missing; it takes a text'],
  [{ hold: 'yes' }, 'hold: takes true or false, not "yes"'],
  [{ communication: 'all' }, 'communication: takes a list, not "all"'],
  [{ targets: [] }, 'targets: takes names with values, not []'],
])('what is missing or of another type is said in plain words: %j', (change, message) => {
  expect(refused({ ...good, ...change })?.lines).toEqual([message])
})

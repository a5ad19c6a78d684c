import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileLens, independent, type LensData } from './index.ts'

const operations = {
  rename: { op: 'rename', from: 'a', to: 'b' },
  map: { op: 'map', path: 'a', pairs: [[1, 'one']] },
  split: { op: 'split', from: 'name', to: ['first', 'last'], separator: ' ' },
  inside: { op: 'remove', path: '/profile/old' },
  added: { op: 'add', path: '/profile/version', default: 4 },
  out: { op: 'hoist', path: 'profile', fields: ['city'] },
  fn: { op: 'fn', ref: './x.ts#f', takes: ['email'], gives: ['mail'] },
  whole: { op: 'fn', ref: './x.ts#all' },
} as const
const of = (...names: readonly (keyof typeof operations)[]): LensData =>
  names.map((name) => operations[name]) as unknown as LensData

describe('independent', () => {
  it('keeps together what touches the same column, in the order of the lens', () => {
    expect(independent(of('map', 'split', 'inside', 'rename', 'fn', 'added'))).toEqual([
      of('split'),
      of('map', 'rename'),
      of('fn'),
      of('inside', 'added'),
    ])
  })

  it('joins groups that a later operation brings together', () => {
    expect(independent([...of('map', 'inside'), { op: 'rename', from: 'a', to: '/profile/a' }])).toEqual([
      [...of('map', 'inside'), { op: 'rename', from: 'a', to: '/profile/a' }],
    ])
    expect(independent(of('inside', 'out'))).toHaveLength(1)
  })

  it('leaves a lens whole where an operation takes the whole row', () => {
    expect(independent(of('map', 'split', 'whole', 'inside'))).toEqual([of('map', 'split', 'whole', 'inside')])
    expect(independent([])).toEqual([])
  })

  it('gives the same in any order of the groups', () => {
    const functions = new Map([
      ['./x.ts#f', { forward: (row: object) => ({ mail: row }), backward: (row: object) => row } as never],
    ])
    const names = ['map', 'rename', 'split', 'inside', 'added', 'fn'] as const
    fc.assert(
      fc.property(fc.subarray([...names]), fc.integer({ min: 0, max: 5 }), (chosen, turn) => {
        const run = (lens: LensData, row: Readonly<Record<string, unknown>>) =>
          compileLens(lens, { now: '' }, functions).forward(row)
        const row = { a: 1, name: 'x y', email: 'z', profile: { old: 1, city: 'B' } }
        const groups = independent(of(...chosen))
        const turned = [...groups.slice(turn), ...groups.slice(0, turn)]
        expect(turned.reduce((doc, group) => run(group, doc), row as Readonly<Record<string, unknown>>)).toEqual(
          run(of(...chosen), row),
        )
      }),
    )
  })
})

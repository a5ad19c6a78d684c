/** Notes come to the same everywhere, in whatever order and how often they are told; v1 tables and v3 differences mixed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { merge, Notes, type Register } from './notes.ts'

const names = ['a', 'b', 'c'] as const
/** A write, or one telling another: all of it, or as v1 does. */
const happening = fc.oneof(
  fc.record({
    type: fc.constant('write' as const),
    at: fc.nat(2),
    key: fc.constantFrom('x', 'y'),
    value: fc.string({ maxLength: 2 }),
  }),
  fc.record({ type: fc.constant('tell' as const), at: fc.nat(2), to: fc.nat(2) }),
)

describe('notes', () => {
  it('converge, and keep what was written at once', () => {
    const [a, b] = [new Notes('a'), new Notes('b')]
    a.write('m', 'first')
    b.take(a.export())
    a.write('m', 'from a')
    b.write('m', 'from b')
    a.take(b.export())
    b.take(a.export())
    expect(a.values('m')).toEqual(b.values('m'))
    expect([...a.values('m')].sort()).toEqual(['from a', 'from b'])
    expect([a.siblings, b.siblings]).toEqual([1, 1])
    b.resolve('m')
    a.take(b.export())
    expect([a.values('m'), a.siblings]).toEqual([b.values('m'), 0])
  })

  it('converge after any history', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (history) => {
        const all = names.map((each) => new Notes(each))
        for (const each of history)
          if (each.type === 'write') all[each.at]!.write(each.key, each.value)
          else all[each.to]!.take(all[each.at]!.export())
        for (let round = 0; round < 2; round++)
          for (const one of all) for (const other of all) other.take(structuredClone(one.export()))
        expect(
          new Set(
            all.map((each) =>
              JSON.stringify(
                Object.entries(each.export())
                  .sort(([x], [y]) => (x < y ? -1 : 1))
                  .map(([key, { values }]) => [key, values]),
              ),
            ),
          ).size,
        ).toBe(1)
      }),
      { numRuns: 200 },
    )
  })

  it('merge alike in any order, and twice is once', () => {
    const register = fc.array(happening, { maxLength: 30 }).map((history) => {
      const all = names.map((each) => new Notes(each))
      for (const each of history)
        if (each.type === 'write') all[each.at]!.write('x', each.value)
        else all[each.to]!.take(all[each.at]!.export())
      const empty: Register = { values: [], seen: {} }
      return all.map((each) => each.export()['x'] ?? empty)
    })
    const same = (a: Register, b: Register) => expect(a.values).toEqual(b.values)
    fc.assert(
      fc.property(register, ([a, b, c]) => {
        same(merge(a!, b!), merge(b!, a!))
        same(merge(merge(a!, b!), c!), merge(a!, merge(b!, c!)))
        same(merge(a!, a!), a!)
      }),
    )
  })

  it('agree with v1 tables on the last word', () => {
    const [v1, v3] = [new Notes('a'), new Notes('b')]
    v1.write('m', 'old')
    v3.takeRows(v1.rows())
    v3.write('m', 'new')
    v1.takeRows(v3.rows())
    v3.takeRows(v1.rows())
    expect([v1.values('m'), v3.values('m'), v3.siblings]).toEqual([['new'], ['new'], 0])
  })

  it('send what a peer has not confirmed, and no more', () => {
    const notes = new Notes('a')
    notes.write('x', '1')
    const { turn } = notes
    notes.write('y', '2')
    expect(Object.keys(notes.since(turn))).toEqual(['y'])
    expect(notes.since(notes.turn)).toEqual({})
  })
})

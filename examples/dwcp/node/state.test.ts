/** A v3 state goes down to v1 whole, or names all that would be lost; and the two versions read only what is theirs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyPlacements } from '../agreement/placements.ts'
import { Machine } from '../machine/machine.ts'
import { codecsReady } from '../pages/codecs.ts'
import { Notes } from '../sync/notes.ts'
import { readState } from './keeping.ts'
import { downgrade, readMachine, type StateV3, writeMachine } from './state.ts'

const folder = mkdtempSync(join(tmpdir(), 'dwcp-state-'))
beforeAll(codecsReady)
afterAll(() => rmSync(folder, { recursive: true }))

const { memory } = Machine.boot('m', 9, 30)
const image = { id: 'm', generation: 4, memory }
const state = (change: Partial<StateV3> = {}): StateV3 => ({
  version: 'v3',
  node: 'n01',
  machines: [writeMachine('v3', image)],
  groups: { g1: { state: { ...emptyPlacements, epoch: 3 }, lastTerm: 2 } },
  notes: { m: { values: [{ value: 'text', stamp: { count: 5, node: 'n02' } }], seen: { n02: 5 } } },
  arriving: [],
  changingView: [],
  ...change,
})

describe('a state', () => {
  it('goes down whole: memory, placements and notes', () => {
    const done = downgrade(state())
    if (!done.done) throw new Error(done.losses.join())
    expect(readMachine(done.state.machines[0]!)).toEqual(image)
    expect(done.state.groups).toEqual(state().groups)
    expect(done.state.notes).toEqual([{ key: 'm', value: 'text', stamp: { count: 5, node: 'n02' } }])
    const written = JSON.stringify(state().machines)
    expect(written.length).toBeLessThan(JSON.stringify(done.state.machines).length)
  })

  it('is refused with everything that v1 could not hold', () => {
    const [a, b] = [new Notes('a'), new Notes('b')]
    a.write('m', 'one')
    b.write('m', 'two')
    a.take(b.export())
    const [written] = state().machines
    const done = downgrade(
      state({
        notes: a.export(),
        groups: { g1: { state: { ...emptyPlacements, algorithm: 'pbft', epoch: 2 }, lastTerm: 0 } },
        changingView: ['g1'],
        arriving: ['m7'],
        machines: [{ ...written!, hash: '00' }],
      }),
    )
    expect(done).toEqual({
      done: false,
      losses: [
        'the note of "m" has 2 texts that were written at once: resolve it first',
        'group "g1" agrees by PBFT in epoch 2: take it back to Raft first',
        'group "g1" is between two views',
        'machine "m7" is on its way here: let it arrive first',
        'the memory of machine "m" is not what was written',
      ],
    })
  })

  it('is not read by a version or a node that it is not for', () => {
    const path = join(folder, 'n01.json')
    writeFileSync(path, JSON.stringify(state()))
    expect(() => readState(path, 'n01', 'v1')).toThrow('which v1 cannot read')
    expect(() => readState(path, 'n02', 'v3')).toThrow('not of "n02"')
    expect(readState(path, 'n01', 'v3')).toEqual(state())
    const down = downgrade(state())
    writeFileSync(path, JSON.stringify(down.done && down.state))
    expect(readState(path, 'n01', 'v3')?.version).toBe('v1')
    expect(readState(join(folder, 'none.json'), 'n01', 'v1')).toBeNull()
  })
})

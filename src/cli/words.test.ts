import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backRun, doneRun } from '../../test/views/sample-run.ts'
import { fold } from '../core/run.ts'
import { harmless } from './door.ts'
import { exitCodeOf, exitCodeOfError } from './exit.ts'
import { filterFor } from './filter.ts'
import { plainStatus } from './first-look.ts'
import { journalPlace } from './journal-place.ts'

describe('the first look', () => {
  test.each([
    [['status'], {}],
    [['status', '--watch', '--json'], { watch: true, json: true }],
    [['-f', 'a.yaml', 'status', '--run', 'x-1', '--no-color'], { file: 'a.yaml', run: 'x-1', color: false }],
    [['status', '-w'], { watch: true }],
    [['status', '--help'], undefined],
    [['status', '--wach'], undefined],
    [['status', 'status'], undefined],
    [['status', '--run'], undefined],
    [['status', '--run', '--json'], undefined],
    [['run', '--yes'], undefined],
    [[], undefined],
  ])('%j', (words, found) => expect(plainStatus(words)).toEqual(found))
})

describe('the place of the journal', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'changeover-place-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test.each([
    ['name: a\n', '.changeover'],
    ['# where the journal is\nname: a\n', '.changeover'],
    ['name: a\njournal:\n  folder: runs\n', 'runs'],
    ['name: a\njournal: { folder: ./runs }\n', 'runs'],
    ['name: a\njournal: { postgres: "${URL}" }\n', undefined],
    ['name: a\njournal: &j\n  folder: runs\n', undefined],
    ['name: a\njournal:\n  folder: "with space"\n', undefined],
    ['name: a\nsteps:\n  - title: |\n      journal:\n  - id: journal\n', undefined],
  ])('%j', (text, place) => {
    writeFileSync(join(folder, 'changeover.yaml'), text)
    expect(journalPlace(folder)).toBe(place === undefined ? undefined : join(folder, place))
  })

  test('a plan in TypeScript that speaks of a journal is left to the reader; no plan is no place', () => {
    expect(journalPlace(folder)).toBeUndefined()
    mkdirSync(join(folder, 'a'))
    writeFileSync(join(folder, 'a', 'b.ts'), 'export default {}')
    expect(journalPlace(folder, 'a/b.ts')).toBe(join(folder, 'a', '.changeover'))
    writeFileSync(join(folder, 'a', 'b.ts'), 'export default { journal: { folder: "x" } }')
    expect(journalPlace(folder, 'a/b.ts')).toBeUndefined()
  })
})

describe('filters', () => {
  const seen = (...filters: readonly string[]) => doneRun.filter(filterFor(filters)).map((event) => event.seq)
  const count = (...filters: readonly string[]) => seen(...filters).length

  test('of one name are alternatives, of several names all hold', () => {
    expect(count()).toBe(doneRun.length)
    expect(count('type=approval.*')).toBe(2)
    expect(count('type=step.started', 'step=users')).toBe(2)
    expect(count('step=keep', 'step=columns')).toBe(5)
    expect(count('level=note', 'step=watch')).toBe(1)
    expect(count('level=block')).toBe(0)
    expect(count('type=step')).toBe(0)
  })

  test('that are none are refused with the nearest name', () => {
    expect(() => filterFor(['typ=step.*'])).toThrow('did you mean "type"?')
    expect(() => filterFor(['step'])).toThrow('"step" is no filter')
  })
})

test('control characters never reach the terminal, colours do', () => {
  expect(harmless('\u001b[31mred\u001b[39m\n\tok')).toBe('\u001b[31mred\u001b[39m\n\tok')
  expect(harmless('a\u001b]0;title\u0007b\u001b[2Jc\rd\u007f\u009b')).toBe('a␛]0;title␇b␛[2Jc␍d␡␛')
})

describe('exit codes', () => {
  const at = (last: string) => doneRun.slice(0, doneRun.findIndex((event) => event.type === last) + 1)

  test('say where the run is', () => {
    const codes = [doneRun, backRun, at('approval.asked')].map((events) => exitCodeOf(fold(events)!))
    expect(codes).toEqual([0, 5, 6])
  })

  test('follow the code of an error', () => {
    const codes = ['usage.unknown', 'settings.unknown', 'run.blocked', 'plan.stale', 'plan.invalid', 'internal']
    expect(codes.map(exitCodeOfError)).toEqual([2, 2, 3, 4, 1, 1])
  })
})

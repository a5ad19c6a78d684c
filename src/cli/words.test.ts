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
  const now = Date.parse(doneRun.at(-1)!.at)
  const [opened] = doneRun
  const plan = opened?.type === 'run.opened' ? opened.plan : undefined
  const seen = (...filters: readonly string[]) => {
    const filter = filterFor(filters, now)
    filter.check([plan!])
    return doneRun.filter((event) => filter.wants(event, plan)).map((event) => event.seq)
  }
  const count = (...filters: readonly string[]) => seen(...filters).length

  test('of one name are alternatives, of several names all hold', () => {
    expect(count()).toBe(doneRun.length)
    expect(count('type=approval.*')).toBe(2)
    expect(count('type=step.started', 'step=users')).toBe(2)
    expect(count('step=keep', 'step=columns')).toBe(5)
    expect(count('level=note', 'step=watch')).toBe(1)
    expect(count('level=block')).toBe(0)
    expect(count('type=step.*', 'type=run.opened')).toBe(count('type=step.*') + 1)
  })

  test('by what the plan says of a step, by who, by words and by time', () => {
    expect(seen('kind=gate.soak')).toEqual(seen('step=watch'))
    expect(seen('stage=Cut over')).toEqual(seen('step=switch', 'step=watch'))
    expect(count('kind=gate.*', 'level=note')).toBe(1)
    expect(seen('by=*')).toEqual(doneRun.filter((event) => 'by' in event).map((event) => event.seq))
    expect(seen('text=SUPPORT is')).toEqual(seen('type=approval.given'))
    expect(seen('code=*')).toEqual(seen('type=finding.made'))
    expect(count('code=*')).toBe(1)
    const half = doneRun[Math.floor(doneRun.length / 2)]!.at
    const later = doneRun.filter((event) => event.at >= half).map((event) => event.seq)
    expect(seen(`since=${half}`)).toEqual(later)
    expect(seen(`since=${half}`, `until=${half}`)).toEqual(
      doneRun.filter((event) => event.at === half).map((event) => event.seq),
    )
    expect(seen(`since=${now - Date.parse(half)}ms`)).toEqual(later)
    expect(count('since=9999d')).toBe(doneRun.length)
  })

  test.each([
    ['typ=step.*', 'did you mean "type"?', 'filter by type, step, kind'],
    ['run=shop-1', 'events have no "run" to filter by', '`--run NAME`'],
    ['step', '"step" is no filter', 'text=WORD'],
    ['mode_transition', '"mode_transition" is no filter', '`text=mode_transition`'],
    ['level=bogus', 'no event has the level "bogus"', 'known here: note, risk, block'],
    ['level=blok', 'did you mean "block"?', 'note, risk, block'],
    ['type=step', 'no event has the type "step"', 'step.started'],
    ['step=wacth', 'no event has the step "wacth"; did you mean "watch"?', 'watch'],
    ['kind=gate.nope', 'no event has the kind "gate.nope"', 'gate.soak'],
    ['stage=nope', 'no event has the stage "nope"', 'Cut over'],
    ['since=yesterday', '"yesterday" is no time for "since"', 'since=10m'],
    ['until=2026-13-40', '"2026-13-40" is no time for "until"', 'until=10m'],
  ])('that match nothing are refused: %s', (filter, message, help) => {
    let thrown: unknown
    try {
      seen(filter)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({
      message: expect.stringContaining(message) as string,
      help: expect.stringContaining(help) as string,
    })
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

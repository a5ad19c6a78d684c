import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Actor } from '../core/index.ts'
import { journalChecks } from '../testing/index.ts'
import { systemClock } from './this-process.ts'
import { openJournalAt } from './journal-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'changeover-journal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const open = () => openJournalAt({ folder, clock: systemClock, pollMs: 10 })
const by: Actor = { user: 'u', host: 'h', pid: 1, token: 't' }
const paused = (why: string) => ({ type: 'run.paused', why, by }) as const

describe('the journal of JSON lines', () => {
  for (const check of journalChecks({ name: 'files', open: async () => open() })) it(check.name, () => check.run())
})

describe('a damaged journal', () => {
  const filled = async (run: string) => {
    const journal = open()
    for (const [index, why] of ['one', 'two', 'three'].entries()) await journal.append(run, paused(why), index)
    return join(folder, `${run}.jsonl`)
  }

  it('goes on after a last line that was cut short', async () => {
    const path = await filled('cut')
    truncateSync(path, readFileSync(path).length - 10)
    const journal = open()
    expect((await journal.read('cut')).length).toBe(2)
    await journal.append('cut', paused('again'), 2)
    expect((await open().read('cut')).map((event) => event.type === 'run.paused' && event.why)).toEqual([
      'one',
      'two',
      'again',
    ])
  })

  it('names the line that is not what was written', async () => {
    const path = await filled('flipped')
    writeFileSync(path, readFileSync(path, 'utf8').replace('two', 'owt'))
    await expect(open().read('flipped')).rejects.toMatchObject({ code: 'journal.corrupt', data: { line: 2, whole: 1 } })
  })

  it('names a line that is gone, and one that is no JSON', async () => {
    const gone = await filled('gone')
    writeFileSync(
      gone,
      readFileSync(gone, 'utf8')
        .split('\n')
        .filter((_, index) => index !== 1)
        .join('\n'),
    )
    await expect(open().read('gone')).rejects.toMatchObject({ code: 'journal.corrupt' })
    const garbled = await filled('garbled')
    appendFileSync(garbled, 'garbage\n')
    await expect(open().append('garbled', paused('four'), 3)).rejects.toMatchObject({
      code: 'journal.corrupt',
      data: { line: 4 },
    })
  })

  it('says that it cannot be written', async () => {
    writeFileSync(join(folder, 'half.claim'), '')
    const nowhere = openJournalAt({ folder: join(folder, 'half.claim', 'below-a-file'), clock: systemClock })
    await expect(nowhere.append('run', paused('one'), 0)).rejects.toMatchObject({ code: 'journal.unwritable' })
  })
})

describe('a claim', () => {
  const here = (token: string, pid: number): Actor => ({ user: 'u', host: 'here', pid, token })

  it('of a process that is dead is taken over', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const journal = open()
    const claim = await journal.claim('dead', here('dead', child.pid!))
    await expect(open().claim('dead', here('next', process.pid))).rejects.toMatchObject({ code: 'run.busy' })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    const taken = await open().claim('dead', here('next', process.pid))
    await expect.poll(() => claim.lost.aborted).toBe(true)
    await taken.release()
  })

  it('that was cut short while it was written is taken over', async () => {
    writeFileSync(join(folder, 'half.claim'), '{"user":')
    const claim = await open().claim('half', here('next', process.pid))
    await claim.release()
  })
})

/** Journals that are broken, full or in the way, with the real command: the line is named, nothing is touched, and what is whole goes on. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { mustEnd, mustFail, mustSay } from './judge.ts'
import { test } from './shop.ts'

describe('a journal', () => {
  const lines = (change: (lines: readonly string[]) => readonly string[]) => (text: string) =>
    change(text.split('\n')).join('\n')

  test('with a line cut short by a crash goes on after it', async ({ shop }) => {
    mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
    appendFileSync(shop.fileOf('.jsonl'), '{"seq":99,"at":"2026-0')
    mustSay(await shop.run('status'), 0, 'changeover resume')
    await shop.goesOn()
    mustSay(await shop.run('status'), 0, 'rolled back')
  })

  test('that lost its last event goes on from what is whole', async ({ shop }) => {
    mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
    const path = shop.fileOf('.jsonl')
    truncateSync(path, readFileSync(path).length - 40)
    // The event that was lost said that the step is reached: it is said again, and then the run goes on.
    mustSay(await shop.run('resume'), 0, 'is reached')
    await shop.goesOn()
  })

  test('that is not what was written is refused with its line, by every command, and nothing is touched', async ({
    shop,
  }) => {
    const faults = {
      edited: [(text: string) => text.replace('"shop"', '"shap"'), 'line 1'],
      'garbage in the middle': [lines((all) => all.with(2, '\u0000garbage')), 'line 3'],
      'a line gone': [lines((all) => all.toSpliced(2, 1)), 'line 3'],
      'two lines exchanged': [lines((all) => all.toSpliced(2, 2, all[3] ?? '', all[2] ?? '')), 'line 3'],
    } as const
    mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
    const path = shop.fileOf('.jsonl')
    const right = readFileSync(path, 'utf8')
    const words = [['resume'], ['status'], ['rollback', '--yes'], ['run', '--yes'], ['events'], ['pause']]
    for (const [what, [change, line]] of Object.entries(faults)) {
      writeFileSync(path, change(right))
      for (const ended of await Promise.all(words.map((each) => shop.run(...each))))
        mustFail(ended, 1, 'journal.corrupt', line, 'from a copy')
      expect(readFileSync(path, 'utf8'), what).toBe(change(right))
      expect(await shop.filled(), what).toBe('none')
    }
    // As the help says: put back from a copy.
    writeFileSync(path, right)
    await shop.goesOn()
  })
})

describe('a folder of journals', () => {
  test('that is a file is said before anything is touched', async ({ shop }) => {
    const path = join(shop.place.folder, '.changeover')
    writeFileSync(path, 'a file')
    mustFail(await shop.run('run', '--yes'), 1, 'journal.unwritable', '.changeover')
    expect([await shop.filled(), await shop.clean(), readFileSync(path, 'utf8')]).toEqual(['none', true, 'a file'])
    rmSync(path)
    mustEnd(await shop.run('run', '--yes'), 0)
    expect(await shop.filled()).toBe('whole')
  })

  /** The reason is printed too: a list of counts does not show it. */
  const skipAloud = (skip: (why: string) => void, why: string): void => {
    console.warn(`skipped: ${why}`)
    skip(why)
  }

  /** A file system of its own, which root too may not write when it says so. Answers why there is none. */
  const mount = (folder: string, ...options: readonly string[]): string => {
    mkdirSync(folder, { recursive: true })
    const done = spawnSync('mount', [...options, 'tmpfs', folder], { encoding: 'utf8' })
    return done.status === 0 ? '' : `${done.stderr}${String(done.error ?? '')}`.trim()
  }

  test('that may not be written is said before anything is touched', async ({ shop, skip }) => {
    const folder = join(shop.place.folder, '.changeover')
    const why = mount(folder, '-t', 'tmpfs', '-o', 'ro')
    if (why !== '') return skipAloud(skip, `a read-only journal needs a mount: ${why}`)
    try {
      mustFail(await shop.run('run', '--yes'), 1, 'journal.unwritable', '.changeover', 'right to write')
      expect([await shop.filled(), await shop.clean(), readdirSync(folder)]).toEqual(['none', true, []])
      spawnSync('mount', ['-o', 'remount,rw', folder])
      mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
      spawnSync('mount', ['-o', 'remount,ro', folder])
      mustFail(await shop.run('resume'), 1, 'journal.unwritable', 'right to write')
      expect(await shop.filled()).toBe('none')
      mustSay(await shop.run('status'), 0, 'changeover resume')
      spawnSync('mount', ['-o', 'remount,rw', folder])
      await shop.goesOn()
    } finally {
      spawnSync('umount', ['-l', folder])
    }
  })

  test('without room is said, and the run goes on when there is room', async ({ shop, skip }) => {
    const folder = join(shop.place.folder, '.changeover')
    const why = mount(folder, '-t', 'tmpfs', '-o', 'size=32k')
    if (why !== '') return skipAloud(skip, `a full journal needs a mount: ${why}`)
    try {
      mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
      spawnSync('sh', ['-c', `yes > ${join(folder, 'ballast')}`])
      mustFail(await shop.run('resume'), 1, 'journal.unwritable', 'make room')
      rmSync(join(folder, 'ballast'))
      await shop.goesOn()
    } finally {
      spawnSync('umount', ['-l', folder])
    }
  })
})

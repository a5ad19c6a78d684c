import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isOwned, keepText, keptFile, makeOwned, type Owner, ownerOf, refusedFile, setAside } from './index.ts'
import { locked } from './lock.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'changeover-durable-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const words = { what: 'list', missing: 'write one' }
const here = hostname()
const owner = (token: string, pid = process.pid): Owner => ({ token, host: here, pid })
const look = { here, now: Date.now(), leaseMs: 30_000 }

describe('a file that is replaced', () => {
  test('keeps its permissions, and leaves nothing beside it', async () => {
    const path = join(root, 'list')
    writeFileSync(path, 'old')
    chmodSync(path, 0o640)
    await keepText(path, 'new', words)
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777, readdirSync(root)]).toEqual([
      'new',
      0o640,
      ['list'],
    ])
  })

  test('that cannot be replaced leaves no draft, and says why', async () => {
    mkdirSync(join(root, 'list'))
    await expect(keepText(join(root, 'list'), 'new', words)).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining(`list "${join(root, 'list')}" cannot be used: EISDIR`) as string,
    })
    expect(readdirSync(root)).toEqual(['list'])
  })

  test.each([
    ['ENOENT', 'target.failed', 'there is no list "/x"'],
    ['EACCES', 'target.rights', 'the account may not reach "/x"'],
    ['EROFS', 'target.read-only', '"/x" is on a file system that takes no writes'],
    ['ENOSPC', 'target.full', 'there is no room for list "/x"'],
    ['EIO', 'target.failed', 'list "/x" cannot be used'],
  ])('%s is told as %s', (code, wanted, message) => {
    expect(refusedFile(Object.assign(new Error('why'), { code }), '/x', words)).toMatchObject({
      code: wanted,
      message: expect.stringContaining(message) as string,
    })
  })

  test('what the system did not say is not translated', () => {
    const error = new Error('ours')
    expect(refusedFile(error, '/x', words)).toBe(error)
  })
})

describe('a file with a history', () => {
  const opened = () =>
    keptFile(join(root, 'list'), {
      words,
      subject: 'the list',
      signal: new AbortController().signal,
      now: () => Date.now(),
      owner: () => owner('t'),
    })
  const edit = () => ({ text: 'new', lines: [{ id: '1', at: 1, by: 'ann', why: '' }] })

  test('whose last change cannot be read says which file is in the way, and what to do', async () => {
    writeFileSync(join(root, 'list'), 'old')
    writeFileSync(join(root, '.list.changeover-pending'), '{"to":"')
    const file = opened()
    const { version } = await file.read()
    await expect(file.change(version, edit)).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('.list.changeover-pending" cannot be read') as string,
    })
    expect(readdirSync(root).toSorted()).toEqual(['.list.changeover-pending', 'list'])
  })

  test('forgets what it announced where it cannot be put in place', async () => {
    writeFileSync(join(root, 'list'), 'old')
    const inTheWay = '.list.changeover-new'
    mkdirSync(join(root, inTheWay))
    const file = opened()
    const { version } = await file.read()
    await expect(file.change(version, edit)).rejects.toMatchObject({ code: 'target.failed' })
    expect(readdirSync(root).toSorted()).toEqual([inTheWay, 'list'])
    expect(readFileSync(join(root, 'list'), 'utf8')).toBe('old')
  })
})

describe('a file that says whose something is', () => {
  const path = () => join(root, 'lock')

  test('is made by one, and held while its process lives', async () => {
    expect(await makeOwned(path(), owner('a'))).toBe(true)
    expect(await makeOwned(path(), owner('b'))).toBe(false)
    expect(await isOwned(path(), await ownerOf(path()), look)).toBe(true)
  })

  test('is free when its process is only a remain that nobody waited for', async () => {
    // The shell becomes a program that never waits for the child that the shell began.
    const parent = spawn('/bin/sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const pid = Number(await new Promise((resolve) => parent.stdout.once('data', (text) => resolve(String(text)))))
      await makeOwned(path(), owner('a', pid))
      expect(await isOwned(path(), await ownerOf(path()), look)).toBe(true)
      await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n')
      process.kill(pid, 'SIGKILL')
      await expect.poll(async () => isOwned(path(), await ownerOf(path()), look)).toBe(false)
      expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ')
    } finally {
      parent.kill('SIGKILL')
    }
  })

  test('of another machine is free when it is old; one without an owner, a second after it was made', async () => {
    await makeOwned(path(), { ...owner('a'), host: 'elsewhere' })
    const far = await ownerOf(path())
    const after = (ms: number) => ({ ...look, now: statSync(path()).mtimeMs + ms })
    expect(await isOwned(path(), far, after(29_000))).toBe(true)
    expect(await isOwned(path(), far, after(31_000))).toBe(false)
    writeFileSync(path(), '')
    expect(await isOwned(path(), undefined, after(900))).toBe(true)
    expect(await isOwned(path(), undefined, after(1_100))).toBe(false)
  })

  test('that a live one has taken meanwhile goes back to it', async () => {
    await makeOwned(path(), owner('live'))
    await setAside(path(), owner('taker'), owner('dead'))
    expect((await ownerOf(path()))?.token).toBe('live')
    await setAside(path(), owner('taker'), owner('live'))
    expect(readdirSync(root)).toEqual([])
  })
})

test('who waits for a lock has patience with each that has it, not with all of them together', async () => {
  const path = join(root, 'lock')
  let [now, looks] = [Date.now(), 0]
  const options = {
    own: owner('waits'),
    now: () => (looks++, now),
    signal: new AbortController().signal,
    what: 'the list',
  }
  const seen = async () => {
    const before = looks
    await expect.poll(() => looks, { interval: 5 }).toBeGreaterThan(before + 4)
  }
  const held = async (token: string) => {
    const made = JSON.parse(readFileSync(path, 'utf8')) as Owner
    await keepText(path, JSON.stringify({ ...made, token }), words)
    await seen()
    now += 4_000
    await seen()
  }
  await makeOwned(path, owner('a'))
  const waiting = locked(path, options, async () => 'done')
  for (const token of ['a', 'b', 'c']) await held(token)
  rmSync(path)
  expect(await waiting).toBe('done')

  await makeOwned(path, owner('d'))
  const given = expect(locked(path, options, async () => 'done')).rejects.toMatchObject({ code: 'target.lock' })
  await seen()
  now += 5_001
  await given
})

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Target } from '../../core/kind.ts'
import { memoryFiles } from '../memory/index.ts'
import { filesAdapter } from './index.ts'

const keysOf = (_: string, text: string): readonly string[] => {
  if (text === 'broken') throw new Error('broken')
  return text.split('\n').map((line) => line.split('=')[0]!)
}

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'changeover-files-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function openFolder(watch: readonly string[] = [], folder = root): Promise<Target<'files'>> {
  const who = { run: 'r', fence: 1, base: '/', signal: new AbortController().signal }
  return filesAdapter(keysOf).open({ folder, watch: [...watch] }, who)
}

async function* parts(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text)
}

describe.each([
  ['a folder', () => openFolder(['**/*.env', '.env'])],
  ['memory', async () => memoryFiles({}, { keysOf, watch: (path) => path.endsWith('.env') })],
])('files in %s', (_, open) => {
  let target: Target<'files'>
  beforeEach(async () => {
    target = await open()
  })

  it('writes, reads, lists and removes', async () => {
    const { write } = target
    for (const path of ['a.yaml', '.env', 'deep/er/b.yaml', 'deep/c.txt']) await write.write(path, Buffer.from(path))
    expect(await write.list(['**'])).toEqual(['.env', 'a.yaml', 'deep/c.txt', 'deep/er/b.yaml'])
    expect(await write.list(['*.yaml'])).toEqual(['a.yaml'])
    expect(await write.list(['**/*.yaml', '?env'])).toEqual(['.env', 'a.yaml', 'deep/er/b.yaml'])
    expect(await write.list(['deep/*/b.yaml'])).toEqual(['deep/er/b.yaml'])
    expect((await write.read('deep/c.txt'))?.toString()).toBe('deep/c.txt')
    expect(await write.read('absent')).toBeNull()
    expect(await write.digest('absent')).toBeNull()
    await write.remove('deep')
    await write.remove('deep')
    expect(await write.list(['**'])).toEqual(['.env', 'a.yaml'])
  })

  it('pours with a digest that a read confirms', async () => {
    const poured = await target.write.pour('big', parts('one', 'two'))
    expect(poured).toEqual({ sha256: await target.read.digest('big').then((each) => each?.sha256), bytes: 6 })
    const seen: Buffer[] = []
    for await (const chunk of target.read.stream('big')) seen.push(chunk)
    expect(Buffer.concat(seen).toString()).toBe('onetwo')
    expect(await target.read.free()).toBeGreaterThan(0)
  })

  it('has the watched files as facts, with keys and no values', async () => {
    await target.write.write('.env', Buffer.from('B=2\nA=1'))
    await target.write.write('not-watched', Buffer.from('C=3'))
    expect(await target.observe()).toEqual({
      files: { '.env': { digest: expect.stringMatching(/^[0-9a-f]{64}$/), keys: expect.arrayContaining(['A', 'B']) } },
    })
  })

  it.each(['../x', '/etc/x', 'a/../../x'])('refuses %s', async (path) => {
    await expect(target.write.write(path, Buffer.from(''))).rejects.toMatchObject({
      code: 'target.failed',
      message: `"${path}" leads outside the folder "${_ === 'memory' ? 'memory' : root}"`,
    })
  })
})

describe('files in a folder', () => {
  it('keeps permissions, and makes new files for the account alone', async () => {
    const { write } = await openFolder()
    writeFileSync(join(root, 'old'), 'x')
    chmodSync(join(root, 'old'), 0o644)
    await write.write('old', Buffer.from('y'))
    await write.write('new', Buffer.from('y'))
    expect(statSync(join(root, 'old')).mode & 0o777).toBe(0o644)
    expect(statSync(join(root, 'new')).mode & 0o777).toBe(0o600)
  })

  it('leaves the old bytes and nothing else when a source breaks', async () => {
    const { write } = await openFolder()
    await write.write('kept', Buffer.from('old'))
    async function* breaks(): AsyncGenerator<Buffer> {
      yield Buffer.from('new')
      throw new Error('the source broke')
    }
    await expect(write.pour('kept', breaks())).rejects.toThrow('the source broke')
    expect(readFileSync(join(root, 'kept'), 'utf8')).toBe('old')
    expect(readdirSync(root)).toEqual(['kept'])
  })

  it('does not list what a killed writer left, and takes it over', async () => {
    const { write } = await openFolder()
    writeFileSync(join(root, '.a.changeover-new'), 'half')
    expect(await write.list(['**'])).toEqual([])
    await write.write('a', Buffer.from('whole'))
    expect(readdirSync(root)).toEqual(['a'])
  })

  it('writes through a link inside, and refuses one that leads outside', async () => {
    const inside = join(root, 'in')
    mkdirSync(inside)
    writeFileSync(join(inside, 'real'), 'old')
    writeFileSync(join(root, 'secret'), 'secret')
    symlinkSync('real', join(inside, 'link'))
    symlinkSync(join(root, 'secret'), join(inside, 'out'))
    const { write } = await openFolder([], inside)
    await write.write('link', Buffer.from('new'))
    expect(readFileSync(join(inside, 'real'), 'utf8')).toBe('new')
    await expect(write.read('out')).rejects.toMatchObject({ code: 'target.failed' })
    expect(await write.list(['*'])).toEqual(['link', 'real'])
  })

  it('says what is missing on a full disk, and cleans up', async ({ skip }) => {
    const disk = join(root, 'disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'pipe' })
    } catch {
      console.warn('skipped: the full disk needs the right to mount a tmpfs')
      skip('the full disk needs the right to mount a tmpfs')
    }
    try {
      const { write } = await openFolder([], disk)
      const free = await write.free()
      await expect(write.write('big', Buffer.alloc(free + 1))).rejects.toMatchObject({
        code: 'backup.full',
        message: `no room for "big": ${free + 1} bytes are needed, ${free} are free`,
      })
      const megabyte = async function* (): AsyncGenerator<Buffer> {
        for (let i = 0; i < 16; i++) yield Buffer.alloc(65536)
      }
      await expect(write.pour('big', megabyte())).rejects.toMatchObject({
        code: 'backup.full',
        message: expect.stringMatching(/no room for "big": at least \d+ bytes are needed, \d+ are free/),
      })
      expect(readdirSync(disk)).toEqual([])
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it('has the canonical path as identity, also before the folder is there', async () => {
    const target = await openFolder([], join(root, 'later'))
    expect(await target.identity()).toBe(`files:${join(root, 'later')}`)
    expect(await target.observe()).toEqual({ files: {} })
    await target.write.write('a/b', Buffer.from('x'))
    expect(existsSync(join(root, 'later/a/b'))).toBe(true)
  })

  it('watches a file that cannot be parsed', async () => {
    writeFileSync(join(root, 'x.env'), 'broken')
    const target = await openFolder(['*.env'])
    expect((await target.observe()).files['x.env']?.keys).toEqual([])
  })
})

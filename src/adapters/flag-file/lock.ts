/** One writer at a time, among the processes that use this adapter: a file that is there while its owner works. */
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { ChangeoverError } from '../../core/errors.ts'
import { codeOf, refused } from './refused.ts'

interface Owner {
  readonly token: string
  readonly host: string
  readonly pid: number
  /** When the process began, in the kernel's ticks: a process id that was used again is another process. */
  readonly born: string
}

/** Longer than any change takes. */
const patienceMs = 5_000
/** An owner on another machine is dead when its lock is this old. */
const leaseMs = 30_000

/** Runs `body` while no other writer does. Throws `target.lock` when another one does not end in time. */
export async function locked<T>(path: string, signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  const own: Owner = { token: randomUUID(), host: hostname(), pid: process.pid, born: await birthOf(process.pid) }
  const end = Date.now() + patienceMs
  while (!(await taken(path, own))) {
    signal.throwIfAborted()
    const owner = await ownerOf(path)
    if (!(await alive(path, owner))) await setAside(path, own.token, owner)
    else if (Date.now() > end) throw held(path, owner)
    else await setTimeout(10)
  }
  try {
    return await body()
  } finally {
    if ((await ownerOf(path))?.token === own.token) await rm(path, { force: true })
  }
}

async function taken(path: string, own: Owner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(own), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw refused(error, path)
  }
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

/** A lock without a readable owner was just made, or its maker was killed in the act: it counts for a second. */
async function alive(path: string, owner: Owner | undefined): Promise<boolean> {
  const made = await stat(path).catch(() => undefined)
  if (made === undefined) return false
  const age = Date.now() - made.mtimeMs
  if (owner === undefined) return age < 1_000
  return owner.host === hostname() ? (await birthOf(owner.pid)) === owner.born : age < leaseMs
}

/** Only one of several takers gets the dead lock out of the way; should it have been replaced by a live one meanwhile, that one goes back. */
async function setAside(path: string, token: string, dead: Owner | undefined): Promise<void> {
  const aside = `${path}.${token}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const found = await ownerOf(aside)
  if (found !== undefined && found.token !== dead?.token) await rename(aside, path)
  else await rm(aside, { force: true })
}

/** Where there is no /proc, a process that lives is the one that was meant. */
async function birthOf(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return isThere(pid) ? 'alive' : 'gone'
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function held(path: string, owner: Owner | undefined): ChangeoverError {
  const who = owner === undefined ? 'another process' : `process ${owner.pid} on "${owner.host}"`
  return new ChangeoverError(
    'target.lock',
    `${who} has been changing the flags for ${patienceMs / 1000} s`,
    `see what it does; when it is not there any more, remove "${path}"`,
  )
}

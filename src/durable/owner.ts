/** A file that says whose something is: made by one, held while its process lives, taken from one that is dead. Waits for nothing and renews nothing. */
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { codeOf } from './refused.ts'

export interface Owner {
  readonly token: string
  readonly host: string
  readonly pid: number
}

/** When the process began, in the kernel's ticks: a process id that was used again is another process. */
type Born = { readonly born: string }

/** True when this one made it; false when it is there. Other errors are those of the system. */
export async function makeOwned(path: string, own: Owner): Promise<boolean> {
  const born = (await birthOf(own.pid)) ?? ''
  try {
    await writeFile(path, JSON.stringify({ ...own, born }), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    // Made, but not written: on a full disk it would be left behind, and hold others up.
    await rm(path, { force: true }).catch(() => undefined)
    throw error
  }
}

/** Undefined where the file is gone, or is not whole. */
export async function ownerOf<O extends Owner>(path: string): Promise<(O & Born) | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as O & Born
  } catch {
    return undefined
  }
}

export interface Look {
  /** The name of this machine. */
  readonly here: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** An owner on another machine is dead when its file is this old. */
  readonly leaseMs: number
}

/** A file without a readable owner was just made, or its maker was killed in the act: it counts for a second. */
export async function isOwned(path: string, owner: (Owner & Born) | undefined, look: Look): Promise<boolean> {
  if (owner?.host === look.here) return (await birthOf(owner.pid)) === owner.born
  return (await silenceOf(path, look.now)) < (owner === undefined ? 1_000 : look.leaseMs)
}

/** Milliseconds since the file was written or renewed; forever when it is gone. */
export async function silenceOf(path: string, now: number): Promise<number> {
  const renewed = await stat(path).catch(() => undefined)
  return renewed === undefined ? Infinity : now - renewed.mtimeMs
}

/** Only one of several takers gets the dead file out of the way; should it have been replaced by a live one meanwhile, that one goes back. */
export async function setAside(path: string, own: Owner, dead: Owner | undefined): Promise<void> {
  const aside = `${path}.${own.token}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const found = await ownerOf(aside)
  if (found !== undefined && found.token !== dead?.token) await rename(aside, path)
  else await rm(aside, { force: true })
}

/** Harmless where it is somebody else's by now. */
export async function giveUp(path: string, own: Owner): Promise<void> {
  if ((await ownerOf(path))?.token === own.token) await rm(path, { force: true })
}

/** The start time of a process, or undefined when there is none or only its remains; a constant where the kernel does not tell. */
async function birthOf(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    if (process.platform === 'linux') return undefined
    return isThere(pid) ? 'alive' : undefined
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

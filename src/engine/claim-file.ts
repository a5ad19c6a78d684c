/** A claim on a run as a file beside its journal: held while the process lives. The journal's order is the fence; this only refuses early and clearly. */
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChangeoverError } from '../core/errors.ts'
import type { Actor, Claim } from '../core/event.ts'
import type { Clock } from '../core/kind.ts'

/** A claim from another machine is dead when it was not renewed for this long. */
const leaseMs = 15_000
const renewMs = 1_000

interface Holder extends Actor {
  /** When the process began, in the kernel's ticks: a process id that was used again is another process. */
  readonly born: string
}

export async function claimFile(path: string, run: string, by: Actor, clock: Clock): Promise<Claim> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const own: Holder = { ...by, born: (await birthOf(by.pid)) ?? '' }
  for (let tries = 0; tries < 20; tries++) {
    if (await create(path, own)) return hold(path, own)
    const holder = await holderOf(path)
    if (holder && (await alive(path, holder, by.host, clock))) throw busy(run, holder, await silence(path, clock))
    await setAside(path, own, holder)
  }
  throw new ChangeoverError(
    'run.busy',
    `the claim on run "${run}" is fought over`,
    'see who works on it: `changeover status`',
  )
}

async function create(path: string, own: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(own), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false
    throw new ChangeoverError(
      'journal.unwritable',
      `the claim ${path} cannot be written: ${String(error)}`,
      'make room or give the right to write',
      { cause: error },
    )
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

async function alive(path: string, holder: Holder, here: string, clock: Clock): Promise<boolean> {
  if (holder.host === here) return (await birthOf(holder.pid)) === holder.born
  return (await silence(path, clock)) < leaseMs
}

/** Milliseconds since the claim was renewed; forever when it is gone. */
async function silence(path: string, clock: Clock): Promise<number> {
  const renewed = await stat(path).catch(() => undefined)
  return renewed === undefined ? Infinity : clock.now() - renewed.mtimeMs
}

/** Only one of several takers gets the dead claim out of the way; should it have been replaced by a live one meanwhile, that one goes back. */
async function setAside(path: string, own: Holder, dead: Holder | undefined): Promise<void> {
  const aside = `${path}.${own.token}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const taken = await holderOf(aside)
  if (taken && taken.token !== dead?.token) await rename(aside, path)
  else await rm(aside, { force: true })
}

function hold(path: string, own: Holder): Claim {
  const lost = new AbortController()
  const renew = setInterval(() => {
    void holderOf(path).then(async (holder) => {
      if (holder?.token !== own.token)
        lost.abort(
          new ChangeoverError('run.fenced', 'another runner took this run over', 'see who: `changeover status`'),
        )
      else await utimes(path, new Date(), new Date()).catch(() => undefined)
    })
  }, renewMs)
  renew.unref()
  return {
    lost: lost.signal,
    release: async () => {
      clearInterval(renew)
      if ((await holderOf(path))?.token === own.token) await rm(path, { force: true })
    },
  }
}

/** The start time of a process, or undefined when there is none; a constant where the kernel does not tell. */
async function birthOf(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    if (process.platform === 'linux') return undefined
    try {
      process.kill(pid, 0)
      return 'alive'
    } catch {
      return undefined
    }
  }
}

/** A process of this machine keeps its claim while it is there, as it may be in the middle of an effect; only a person can know that it hangs. */
function busy(run: string, holder: Holder, silentMs: number): ChangeoverError {
  const silent = silentMs >= leaseMs && silentMs < Infinity
  const message = `run "${run}" is being worked on by ${holder.user}@${holder.host}, process ${holder.pid}`
  return new ChangeoverError(
    'run.busy',
    silent ? `${message}, which gave no sign of life for ${Math.round(silentMs / 1000)} s` : message,
    silent
      ? `let it go on with \`kill -CONT ${holder.pid}\`, or end it with \`kill -9 ${holder.pid}\`; then \`changeover resume\``
      : 'watch it with `changeover status --watch`; pause it with `changeover pause`',
    { data: { ...holder } },
  )
}

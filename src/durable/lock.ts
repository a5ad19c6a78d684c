/** One writer at a time among the processes that ask here: a file that is there while its owner works. */
import { setTimeout } from 'node:timers/promises'
import { ChangeoverError } from '../core/errors.ts'
import { giveUp, isOwned, makeOwned, type Owner, ownerOf, setAside } from './owner.ts'

/** Longer than any change takes. It is had with each that changes, and not with all of them who come one after the other. */
const patienceMs = 5_000
const leaseMs = 30_000

export interface LockOptions {
  /** A token of its own for every lock that is taken. */
  readonly own: Owner
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly signal: AbortSignal
  /** What is changed under it, in words: `the flags`. */
  readonly what: string
}

/** Runs `body` while no other writer does. Throws `target.lock` when another one does not end in time. */
export async function locked<T>(path: string, options: LockOptions, body: () => Promise<T>): Promise<T> {
  const { own, now, signal } = options
  let [last, end] = [undefined as string | undefined, now() + patienceMs]
  while (!(await makeOwned(path, own))) {
    signal.throwIfAborted()
    const owner = await ownerOf(path)
    if (owner !== undefined && owner.token !== last) [last, end] = [owner.token, now() + patienceMs]
    if (!(await isOwned(path, owner, { here: own.host, now: now(), leaseMs }))) await setAside(path, own, owner)
    else if (now() > end) throw held(path, owner, options.what)
    else await setTimeout(10)
  }
  try {
    return await body()
  } finally {
    await giveUp(path, own)
  }
}

function held(path: string, owner: Owner | undefined, what: string): ChangeoverError {
  const who = owner === undefined ? 'another process' : `process ${owner.pid} on "${owner.host}"`
  return new ChangeoverError(
    'target.lock',
    `${who} has been changing ${what} for ${patienceMs / 1000} s`,
    `see what it does; when it is not there any more, remove "${path}"`,
  )
}

/** A claim on a run as a file beside its journal: held while the process lives. The journal's order is the fence; this only refuses early and clearly. */
import { mkdir, utimes } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChangeoverError } from '../core/errors.ts'
import type { Actor, Claim } from '../core/event.ts'
import type { Clock } from '../core/kind.ts'
import { giveUp, isOwned, makeOwned, ownerOf, setAside, silenceOf } from '../durable/index.ts'

/** A claim from another machine is dead when it was not renewed for this long. */
const leaseMs = 15_000
const renewMs = 1_000

/** A claim that was just made has no owner to be read for an instant. */
const lookAgainMs = 50

export async function claimFile(path: string, run: string, by: Actor, clock: Clock): Promise<Claim> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  for (let tries = 0; tries < 40; tries++) {
    if (await create(path, by)) return hold(path, by, clock)
    const holder = await ownerOf<Actor>(path)
    const held = await isOwned(path, holder, { here: by.host, now: clock.now(), leaseMs })
    if (held && holder) throw busy(run, holder, await silenceOf(path, clock.now()))
    if (held) await clock.sleep(lookAgainMs, new AbortController().signal)
    else await setAside(path, by, holder)
  }
  throw new ChangeoverError(
    'run.busy',
    `the claim on run "${run}" is fought over`,
    'see who works on it: `changeover status`',
  )
}

/** Whether the claim's owner lives. `now` in milliseconds since 1970. */
export async function isClaimed(path: string, here: string, now: number): Promise<boolean> {
  return isOwned(path, await ownerOf<Actor>(path), { here, now, leaseMs })
}

async function create(path: string, by: Actor): Promise<boolean> {
  try {
    return await makeOwned(path, by)
  } catch (error) {
    throw new ChangeoverError(
      'journal.unwritable',
      `the claim ${path} cannot be written: ${String(error)}`,
      'make room or give the right to write',
      { cause: error },
    )
  }
}

function hold(path: string, own: Actor, clock: Clock): Claim {
  const lost = new AbortController()
  const renew = setInterval(() => {
    void ownerOf(path).then(async (holder) => {
      if (holder?.token !== own.token)
        lost.abort(
          new ChangeoverError('run.fenced', 'another runner took this run over', 'see who: `changeover status`'),
        )
      else await utimes(path, clock.now() / 1000, clock.now() / 1000).catch(() => undefined)
    })
  }, renewMs)
  renew.unref()
  return {
    lost: lost.signal,
    release: async () => {
      clearInterval(renew)
      await giveUp(path, own)
    },
  }
}

/** A process of this machine keeps its claim while it is there, as it may be in the middle of an effect; only a person can know that it hangs. */
function busy(run: string, holder: Actor, silentMs: number): ChangeoverError {
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

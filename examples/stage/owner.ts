/** The process without which no program of an example goes on: a system that was put up for a while must not outlive whoever was killed. */

const variable = 'EXAMPLE_OWNER'

/** The environment of a program that shall end with `owner`; heard by `endWithOwner`. Without an owner it goes on alone. */
export function ownedBy(owner: number | undefined): Readonly<Record<string, string>> {
  return owner === undefined ? {} : { [variable]: String(owner) }
}

/** Calls `end` within about a second after the owner is gone, and perhaps again. `owner`: the number of a process; the environment's unless given. */
export function endWithOwner(end: () => void, owner = process.env[variable]): void {
  const pid = Number(owner)
  if (pid > 0) setInterval(() => isGone(pid) && end(), 1_000).unref()
}

function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

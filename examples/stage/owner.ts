/** The process without which no program of an example goes on: a system that was put up for a while must not outlive whoever was killed. */

/** The environment of a program that shall end with `owner`; heard by `endWithOwner`. Without an owner it goes on alone. */
export function ownedBy(owner: number | undefined): Readonly<Record<string, string>> {
  return owner === undefined ? {} : { [variable]: String(owner) }
}

/** Calls `end` within about a second after the owner is gone, and perhaps again. The name of the variable is that of the first example. */
export function endWithOwner(end: () => void): void {
  const owner = Number(process.env[variable])
  if (owner > 0) setInterval(() => isGone(owner) && end(), 1_000).unref()
}

const variable = 'NEONHUB_OWNER'

function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

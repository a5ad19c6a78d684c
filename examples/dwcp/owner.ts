/** A program that somebody started ends with whoever started it, also when that was killed. */

/** Looks for the process `pid` four times a second, and exits when it is gone. */
export function ownedBy(pid: string | undefined): void {
  if (pid === undefined) return
  const owner = Number(pid)
  setInterval(() => {
    try {
      process.kill(owner, 0)
    } catch {
      process.exit(1)
    }
  }, 250).unref()
}

/** How the command of an example ends: with the code of its work, or with the words of what went wrong. */

/** Leaves the process when `work` is through: 1 where it throws. */
export function endWith(work: Promise<number>): void {
  work.then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exit(1)
    },
  )
}

/** For words of the command line that mean nothing: 2, as `changeover` itself. */
export function refuse(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

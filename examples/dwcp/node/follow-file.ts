/** A file that is looked at four times a second. What cannot be taken leaves what was, and is kept as trouble until the file is right again. */
import { readFileSync } from 'node:fs'

export interface Following {
  /** What is wrong with the file now, or null. */
  readonly trouble: () => string | null
  stop(): void
}

const everyMs = 250

/** Reads before it returns. Without a path there is nothing to follow. */
export function followFile(path: string | undefined, take: (text: string) => void): Following {
  if (path === undefined) return { trouble: () => null, stop: () => undefined }
  let last: string | undefined
  let trouble: string | null = null
  const look = (): void => {
    try {
      const text = readFileSync(path, 'utf8')
      if (text === last) return
      last = text
      take(text)
      trouble = null
    } catch (error) {
      trouble = `"${path}": ${error instanceof Error ? error.message : String(error)}`
    }
  }
  look()
  const timer = setInterval(look, everyMs)
  return { trouble: () => trouble, stop: () => clearInterval(timer) }
}

/** Notices of a file that may have changed, by the system's own and, where those fail (network disks, links), by looking once a second. */
import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const lookMs = 1_000
/** An editor writes in several strokes. */
const quietMs = 10

/** Until the signal; neither keeps the process alive. The folder is watched, since a file that is replaced is another file. */
export async function watchFile(path: string, moved: () => void, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  let seen = await stampOf(path)
  let soon: NodeJS.Timeout | undefined
  const notice = (): void => {
    soon ??= setTimeout(() => {
      soon = undefined
      if (!signal.aborted) moved()
    }, quietMs)
  }
  const watcher = watched(dirname(path), notice)
  const look = setInterval(() => {
    void stampOf(path).then((now) => {
      if (now !== seen) notice()
      seen = now
    })
  }, lookMs).unref()
  const end = (): void => {
    watcher?.close()
    clearInterval(look)
    clearTimeout(soon)
  }
  signal.addEventListener('abort', end, { once: true })
}

/** Undefined where the system gives no notices: looking is enough then. */
function watched(folder: string, notice: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, notice).on('error', () => undefined)
  } catch {
    return undefined
  }
}

async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found === undefined ? '' : `${found.ino}-${found.size}-${found.mtimeNs}`
}

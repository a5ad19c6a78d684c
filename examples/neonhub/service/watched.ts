/** Settings that follow their file: read again when the file changes; a file that cannot be read leaves the last good ones in place. */
import { readFileSync } from 'node:fs'
import { readSettings, type Settings } from './settings.ts'

export interface Watched {
  readonly now: () => Settings
  /** What is wrong with the file as it is now, or null. */
  readonly trouble: () => string | null
  readonly stop: () => void
}

const lookMs = 250

/** Throws when the file is wrong at the start. `sound` throws when the settings make no sense to the service; `changed` hears of new ones. */
export function watchSettings(
  path: string,
  environment: NodeJS.ProcessEnv,
  sound: (settings: Settings) => void,
  changed: () => void = () => undefined,
): Watched {
  const read = (): Settings => {
    const settings = readSettings(path, environment)
    sound(settings)
    return settings
  }
  let bytes = readFileSync(path, 'utf8')
  let settings = read()
  let trouble: string | null = null
  const look = (): void => {
    try {
      const fresh = readFileSync(path, 'utf8')
      if (fresh === bytes) return
      bytes = fresh
      settings = read()
      trouble = null
      changed()
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error)
    }
  }
  const timer = setInterval(look, lookMs)
  timer.unref()
  return { now: () => settings, trouble: () => trouble, stop: () => clearInterval(timer) }
}

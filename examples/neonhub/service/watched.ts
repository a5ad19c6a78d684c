/** Settings that follow their file: read again when the file changes; a file that cannot be read leaves the last good ones in place. */
import { existsSync, readFileSync } from 'node:fs'
import { readSettings, type Settings } from './settings.ts'

export interface Watched {
  readonly now: () => Settings
  /** What is wrong with the file as it is now, or null. */
  readonly trouble: () => string | null
  readonly stop: () => void
}

const lookMs = 250

/** A file, and what makes sense in it: `sound` throws when the settings do not. */
export interface Source {
  readonly path: string
  readonly sound: (settings: Settings) => void
}

/** Throws when the file is wrong at the start. `changed` hears of new settings. Where the file is not there, `instead` is read. */
export function watchSettings(
  path: string,
  environment: NodeJS.ProcessEnv,
  sound: (settings: Settings) => void,
  changed: () => void = () => undefined,
  instead?: Source,
): Watched {
  const source = (): Source => (instead === undefined || existsSync(path) ? { path, sound } : instead)
  const bytesNow = (): string => `${source().path}\n${readFileSync(source().path, 'utf8')}`
  const read = (): Settings => {
    const settings = readSettings(source().path, environment)
    source().sound(settings)
    return settings
  }
  let bytes = bytesNow()
  let settings = read()
  let trouble: string | null = null
  const look = (): void => {
    try {
      const fresh = bytesNow()
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

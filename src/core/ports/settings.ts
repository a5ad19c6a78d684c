/** The settings port: a store of what a program may be told while it runs. Knows neither what a type allows nor who reads. */
import type { JsonObject } from '../json.ts'

/** As a person writes it, units and all: `"100ms"`, `"12.5%"`, `500`, `true`. */
export type SettingValue = string | number | boolean

/** What each setting may be, and the values that stand; the default holds for a setting without one. */
export type SettingsFacts = {
  readonly rules: JsonObject
  readonly values: { readonly [setting: string]: SettingValue }
}

/** `version` changes with every change of the store, and never comes back. */
export interface SettingsDocument extends SettingsFacts {
  readonly version: string
}

/** One change of one setting. Null: the default held, or holds. `at` in milliseconds since 1970. */
export interface SettingChange {
  readonly at: number
  readonly by: string
  readonly why: string
  readonly setting: string
  readonly before: SettingValue | null
  readonly after: SettingValue | null
}

/** Reads a store of settings. */
export interface SettingsReader {
  read(): Promise<SettingsDocument>
  /** The latest first. Of all settings where none is named. */
  history(setting?: string, most?: number): Promise<readonly SettingChange[]>
  /** Calls `moved` soon after any change by anyone, now and then without one, until `signal`. Resolves once no change can be missed. */
  watch(moved: () => void, signal: AbortSignal): Promise<void>
}

/** Changes a store of settings. */
export interface SettingsWriter extends SettingsReader {
  /** Sets values (null: the default again), at once for every reader. The new version. Refused (`target.conflict`) when the store is not at `version` any more. */
  change(
    values: { readonly [setting: string]: SettingValue | null },
    version: string,
    who: { readonly by: string; readonly why: string },
  ): Promise<string>
}

/** The port `settings`. */
export interface SettingsPort {
  readonly facts: SettingsFacts
  readonly tools: Record<never, never>
  readonly read: SettingsReader
  readonly write: SettingsWriter
}

/** Settings for a program that runs: read at once, followed as the store changes, and the last good ones while it cannot be read. */
export { type LiveSettings, openSettings, type SettingsOptions } from './open-settings.ts'

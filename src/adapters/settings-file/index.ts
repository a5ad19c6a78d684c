/** The adapter `settings-file`: the settings port on a file that holds the rules and the values. Every other byte of it stays. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { basename, dirname, resolve } from 'node:path'
import { z } from 'zod'
import { openConfig } from '../../config/index.ts'
import { ChangeoverError } from '../../core/errors.ts'
import { block, type Finding } from '../../core/finding.ts'
import { type JsonObject, own } from '../../core/json.ts'
import { defineAdapter, type Opener, type Target } from '../../core/kind.ts'
import type { SettingChange, SettingsWriter, SettingValue } from '../../core/ports/index.ts'
import { type FileWords, type KeptFile, keptFile, type Line, takesNewFiles, watchFile } from '../../durable/index.ts'
import { readSettings, type Settings } from '../../settings/index.ts'

const config = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'The file with `settings` and `values`, in JSON or YAML: absolute, or relative to the folder of the plan.',
    ),
})

export type SettingsFileConfig = z.output<typeof config>

export const settingsFile = defineAdapter<'settings', SettingsFileConfig>({
  name: 'settings-file',
  port: 'settings',
  summary: 'Settings of a running program in a file, with their rules, and with their history beside it.',
  shape: config,
  example: { path: './settings.json' },
  tools: {},
  open: async (given, who) => openTarget(given, who),
})

const words: FileWords = {
  what: 'settings file',
  missing: 'name the file, or begin one: {"settings": {}, "values": {}}',
}

type SettingLine = SettingChange & Line

function openTarget(given: SettingsFileConfig, who: Opener): Target<'settings'> {
  const path = resolve(who.base, given.path)
  const owner = () => ({ token: randomUUID(), host: hostname(), pid: process.pid })
  const now = () => Date.now()
  const file = keptFile<SettingLine>(path, { words, subject: 'the settings', signal: who.signal, now, owner })
  const store = storeOf(file, path, now)
  return {
    identity: async () => `settings-file:${await file.place()}`,
    observe: async () => {
      const { rules, values } = await store.read()
      return { rules, values }
    },
    ready: async () => ready(path, dirname(await file.place())),
    read: store,
    write: store,
    // A change names the version it was decided on: an older runner that wakes is refused by that.
    fence: async () => undefined,
    close: async () => undefined,
  }
}

function storeOf(file: KeptFile<SettingLine>, path: string, now: () => number): SettingsWriter {
  const name = basename(path)
  return {
    read: async () => {
      const { text, version } = await file.read()
      const { rules, values } = settingsIn(text, name)
      return { rules: rules as unknown as JsonObject, values, version }
    },
    history: async (setting, most = Infinity) => {
      const lines = (await file.history()).filter((line) => setting === undefined || line.setting === setting)
      return lines.slice(0, most).map(({ id: _id, ...change }) => change)
    },
    watch: async (moved, end) => watchFile(path, moved, end),
    change: async (values, version, who) =>
      file.change(version, (text) => {
        const before = settingsIn(text, name).values
        const changes = Object.entries(values).filter(([setting, after]) => (own(before, setting) ?? null) !== after)
        const lines = changes.map(([setting, after]) => ({
          at: now(),
          by: who.by,
          why: who.why,
          setting,
          before: own(before, setting) ?? null,
          after,
          id: randomUUID(),
        }))
        return { text: edited(text, name, changes), lines }
      }),
  }
}

function edited(text: string, name: string, changes: readonly (readonly [string, SettingValue | null])[]): string {
  let document = openConfig(name, text)
  if (changes.length > 0 && document.get(['values']) === undefined) document = document.set(['values'], {})
  for (const [setting, after] of changes)
    document = after === null ? document.remove(['values', setting]) : document.set(['values', setting], after)
  const made = document.text()
  // What is written must be what every reader takes: a value out of its bounds never reaches the file.
  settingsIn(made, name)
  return made
}

function settingsIn(text: string, name: string): Settings {
  try {
    return readSettings(openConfig(name, text).value())
  } catch (error) {
    if (!(error instanceof ChangeoverError) || error.code !== 'settings.invalid') throw error
    throw new ChangeoverError(error.code, `settings file "${name}": ${error.message}`, error.help)
  }
}

/** The file is replaced, so that the folder must take new files. */
async function ready(path: string, folder: string): Promise<readonly Finding[]> {
  if (await takesNewFiles(folder)) return []
  const message = `the folder of settings file "${basename(path)}" takes no new files`
  return [block('settings.read-only', message, `give the account the right to write in "${folder}"`)]
}

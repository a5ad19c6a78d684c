/** Settings that a program asks for synchronously. Knows no kind of store but the one it is given, or a file. */
import { settingsFile } from '../adapters/settings-file/index.ts'
import { ChangeoverError } from '../core/errors.ts'
import { follow } from '../core/follow.ts'
import type { SettingsReader, SettingValue } from '../core/ports/index.ts'
import { programValue, ruleOf, type Settings, settingsOf, type SettingType, valueOf } from '../settings/index.ts'

/** A setting that is not there, or is asked for as another type than it has, is the error `settings.unknown` or `settings.invalid`. */
export interface LiveSettings {
  /** Milliseconds. */
  duration(name: string): number
  /** 0 to 100. */
  percent(name: string): number
  integer(name: string): number
  number(name: string): number
  boolean(name: string): boolean
  choice(name: string): string
  text(name: string): string
  /** Why the newest settings are not the ones that hold; undefined where they are. */
  problem(): string | undefined
  /** Called after each change with the names of what changed, until what it returns is called. */
  onChange(told: (names: readonly string[]) => void): () => void
  close(): void
}

/** What `openSettings` is given. */
export interface SettingsOptions {
  /** The settings file, or any store with the port `settings`. */
  readonly from: string | SettingsReader
  /** Told once of each problem, and with undefined when it is over. */
  readonly troubled?: (problem: string | undefined) => void
}

/** Rejects when there are no settings to begin with. It does not keep the process alive. */
export async function openSettings({ from, troubled }: SettingsOptions): Promise<LiveSettings> {
  const stop = new AbortController()
  const store = typeof from === 'string' ? await fileAt(from, stop.signal) : from
  const source = await follow({
    take: (known?: Known) => take(store, known),
    watch: (moved, signal) => store.watch(moved, signal),
    signal: stop.signal,
    troubled,
  })
  const ask = <T extends SettingValue>(type: SettingType, name: string): T =>
    asked(source.current().settings, type, name) as T
  return {
    duration: (name) => ask<number>('duration', name),
    percent: (name) => ask<number>('percent', name),
    integer: (name) => ask<number>('integer', name),
    number: (name) => ask<number>('number', name),
    boolean: (name) => ask<boolean>('boolean', name),
    choice: (name) => ask<string>('choice', name),
    text: (name) => ask<string>('text', name),
    problem: () => source.problem(),
    onChange: (told) =>
      source.follow((now, before) => {
        const changed = changedNames(before.settings, now.settings)
        if (changed.length > 0) told(changed)
      }),
    close: () => stop.abort(new Error('closed')),
  }
}

interface Known {
  readonly settings: Settings
  readonly version: string
}

async function take(store: SettingsReader, known?: Known): Promise<Known> {
  const { version, ...facts } = await store.read()
  return version === known?.version ? known : { settings: settingsOf(facts), version }
}

async function fileAt(path: string, signal: AbortSignal): Promise<SettingsReader> {
  const target = await settingsFile.open({ path }, { run: 'program', fence: 0, base: process.cwd(), signal })
  return target.read
}

function asked(settings: Settings, type: SettingType, name: string): SettingValue {
  const rule = ruleOf(settings, name)
  if (rule.type === type) return programValue(rule, valueOf(settings, name))
  throw new ChangeoverError(
    'settings.invalid',
    `setting "${name}" is of the type ${rule.type}, and is asked for as ${type}`,
    `ask for it with \`${rule.type}("${name}")\``,
  )
}

function changedNames(before: Settings, after: Settings): readonly string[] {
  const names = Object.keys(after.rules)
  return names.filter((name) => !Object.hasOwn(before.rules, name) || valueOf(before, name) !== valueOf(after, name))
}

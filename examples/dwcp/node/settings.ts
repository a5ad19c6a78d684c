/** Runtime settings of a node, from a file that is followed. What is missing has its default; what is wrong is named, and the last good stay. */
import { parseDuration } from '../../../src/core/duration.ts'
import { followFile, type Following } from './follow-file.ts'
import { type SettingName, settingRules, type Settings } from './setting-rules.ts'

export interface FollowedSettings extends Following {
  readonly current: () => Settings
}

export function followSettings(path: string | undefined, changed: () => void): FollowedSettings {
  let settings = readSettings('{"values": {}}')
  const followed = followFile(path, (text) => {
    settings = readSettings(text)
    changed()
  })
  return { ...followed, current: () => settings }
}

/** The file is for people and tools: what it says of types and bounds is theirs, and the node keeps to its own. Throws RangeError. */
export function readSettings(text: string): Settings {
  const { values } = (JSON.parse(text) ?? {}) as { readonly values?: unknown }
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new RangeError('settings are { "settings": rules, "values": { "name": value } }')
  const given = values as Readonly<Record<string, unknown>>
  const names = Object.keys(settingRules) as readonly SettingName[]
  const read = names.map((name) => [name, readValue(name, given[name] ?? settingRules[name].default)])
  return Object.fromEntries(read) as Settings
}

function readValue(name: SettingName, value: unknown): unknown {
  const rule = settingRules[name]
  const wrong = (): never => {
    throw new RangeError(`"${name}" is ${JSON.stringify(value)}: a ${rule.type} is wanted`)
  }
  switch (rule.type) {
    case 'boolean':
      return typeof value === 'boolean' ? value : wrong()
    case 'choice':
      return rule.of.some((each) => each === value) ? value : wrong()
    case 'duration': {
      const read = typeof value === 'string' ? parseDuration(value) : undefined
      return read === undefined ? wrong() : within(name, read, parseDuration(rule.min), parseDuration(rule.max))
    }
    default: {
      const isNumber = typeof value === 'number' && (rule.type === 'number' || Number.isInteger(value))
      return isNumber ? within(name, value, rule.min, rule.max) : wrong()
    }
  }
}

function within(name: SettingName, value: number, min = -Infinity, max = Infinity): number {
  if (value >= min && value <= max) return value
  throw new RangeError(`"${name}" is ${value}: it is from ${min} to ${max}`)
}

/** Runtime settings of a node, from a file that is followed. What is missing has its default; what is wrong is named, and the last good stay. */
import { followFile, type Following } from './follow-file.ts'

const defaults = {
  'mode_detector.latency_threshold': 50,
  'mode_detector.jitter_threshold': 25,
  'mode_detector.samples': 3,
  'amst.auto_mode': true,
  'amst.mode': 'datacenter',
  'amst.internet_streams': 4,
  'hde.max_baselines': 2_048,
  'hde.enable_delta_encoding': true,
  'hde.selector.learning_rate': 0.1,
  'acp.consensus_timeout': 1_000,
  'acp.force_raft': false,
  'wire.accept_v1': true,
} satisfies Readonly<Record<string, number | boolean | string>>
export type Settings = { readonly [Name in keyof typeof defaults]: (typeof defaults)[Name] }

const durations: ReadonlySet<string> = new Set([
  'mode_detector.latency_threshold',
  'mode_detector.jitter_threshold',
  'acp.consensus_timeout',
])
const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }

export interface FollowedSettings extends Following {
  readonly current: () => Settings
}

export function followSettings(path: string | undefined, changed: () => void): FollowedSettings {
  let settings: Settings = defaults
  const followed = followFile(path, (text) => {
    settings = readSettings(text)
    changed()
  })
  return { ...followed, current: () => settings }
}

/** Names that this program does not have belong to others, and are left alone. Throws RangeError. */
export function readSettings(text: string): Settings {
  const given = JSON.parse(text) as unknown
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new RangeError('settings are { "name": value }')
  const read = Object.entries(given)
    .filter(([name]) => name in defaults)
    .map(([name, value]) => [name, readValue(name as keyof Settings, value)])
  return { ...defaults, ...(Object.fromEntries(read) as Partial<Settings>) }
}

function readValue(name: keyof Settings, value: unknown): unknown {
  const wanted = typeof defaults[name]
  const read = durations.has(name) && typeof value === 'string' ? milliseconds(name, value) : value
  if (typeof read !== wanted) throw new RangeError(`"${name}" is ${JSON.stringify(value)}: a ${wanted} is wanted`)
  if (typeof read === 'number' && !(read > 0)) throw new RangeError(`"${name}" is ${read}: it must be above 0`)
  if (name === 'amst.mode' && read !== 'datacenter' && read !== 'internet')
    throw new RangeError(`"amst.mode" is "${String(read)}": it is "datacenter" or "internet"`)
  return read
}

function milliseconds(name: string, text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text)
  if (found === null) throw new RangeError(`"${name}" is "${text}": write "100ms" or "10s"`)
  return Number(found[1]) * (units[found[2] ?? ''] ?? 1)
}

/** What an operator may set of a node, and within which bounds: what its package ships, and what the settings file of a fleet begins with. Data. */
import type { SettingRule } from '../../../src/settings/index.ts'

export const settingRules = {
  'mode_detector.latency_threshold': {
    type: 'duration',
    default: '50ms',
    min: '1ms',
    max: '10s',
    says: 'Above it a peer is taken for far, below it for near; a fifth of it is kept for hysteresis.',
  },
  'mode_detector.jitter_threshold': {
    type: 'duration',
    default: '25ms',
    min: '1ms',
    max: '10s',
    says: 'The same for the median change between round trips.',
  },
  'mode_detector.samples': { type: 'integer', default: 3, min: 1, max: 100, says: 'In a row, before a mode changes.' },
  'amst.auto_mode': { type: 'boolean', default: true, says: 'False: `amst.mode` says what every peer is.' },
  'amst.mode': { type: 'choice', of: ['datacenter', 'internet'], default: 'datacenter' },
  'amst.internet_streams': { type: 'integer', default: 4, min: 1, max: 64 },
  'hde.max_baselines': { type: 'integer', default: 2_048, min: 1, max: 1_000_000, says: 'Pages of 4 KiB.' },
  'hde.enable_delta_encoding': { type: 'boolean', default: true },
  'hde.selector.learning_rate': { type: 'number', default: 0.1, min: 0.000_1, max: 1 },
  'acp.consensus_timeout': { type: 'duration', default: '1s', min: '50ms', max: '1m' },
  'acp.force_raft': {
    type: 'boolean',
    default: false,
    says: 'True: no group goes over to PBFT, and those that did go back.',
  },
  'wire.accept_v1': { type: 'boolean', default: true, says: 'False: whoever speaks v1 only is refused.' },
} as const satisfies Readonly<Record<string, SettingRule>>

export type SettingName = keyof typeof settingRules
type Rules = typeof settingRules

/** As the node reads them: durations in milliseconds. */
export type Settings = {
  readonly [Name in SettingName]: Rules[Name] extends { readonly type: 'boolean' }
    ? boolean
    : Rules[Name] extends { readonly type: 'choice'; readonly of: readonly (infer Choice)[] }
      ? Choice
      : number
}

/** A settings file with these values of its own, and every other by default. */
export const newSettings = (values: Readonly<Partial<Record<SettingName, string | number | boolean>>> = {}) => ({
  settings: settingRules,
  values,
})

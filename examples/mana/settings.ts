/** Which version of a module a node shall use, as its settings file or environment says it. */
import type { Decide as DecideByCall, Setting as Decide } from '../../src/router/index.ts'

export type Version = 'v1' | 'v2'
/** Whose transaction it is: what shares are sticky by. */
export interface Sender {
  readonly sender: string
}
export interface Setting {
  readonly decide: Decide<Version> | DecideByCall<Version, Sender>
  /** Percent of the senders whose calls run in v2 as well, while v1 answers. */
  readonly shadow: number
}

/** `"v2"`, `{ "percent": { "v2": 10 } }`, or `{ "decide": …, "shadow": 20 }`. Throws RangeError. */
export function readSetting(value: unknown): Setting {
  if (value === 'v1' || value === 'v2') return { decide: value, shadow: 0 }
  if (typeof value === 'object' && value !== null) {
    if ('percent' in value) return { decide: { percent: shares(value.percent) }, shadow: 0 }
    if ('decide' in value)
      return { ...readSetting(value.decide), shadow: percent('shadow' in value ? value.shadow : 0) }
  }
  throw new RangeError('a module has "v1", "v2", { "percent": { "v2": 10 } } or { "decide": "v1", "shadow": 20 }')
}

function shares(value: unknown): { readonly v2: number } {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : []
  if (keys.join() !== 'v2') throw new RangeError('"percent" says the share of "v2"')
  return { v2: percent((value as { readonly v2: unknown }).v2) }
}

function percent(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 100))
    throw new RangeError('a share is a number from 0 to 100')
  return value
}

/** The guide's variables: unset is v1, anything but a version is a mistake. */
export function settingFrom(
  environment: NodeJS.ProcessEnv,
  name: 'TRANSACTION_POOL_VERSION' | 'SYNC_SERVICE_VERSION',
): Setting {
  const value = environment[name]
  if (value === undefined || value === '') return { decide: 'v1', shadow: 0 }
  if (value !== 'v1' && value !== 'v2') throw new RangeError(`${name} is "${value}": it says "v1" or "v2"`)
  return { decide: value, shadow: 0 }
}

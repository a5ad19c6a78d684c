/** Values of a setting: from what a person writes to what is kept, units and all, and from there to what a program gets. Pure. */
import { durationWords, parseDuration } from '../core/duration.ts'
import { suggestion } from '../core/errors.ts'
import type { SettingValue } from '../core/ports/index.ts'
import type { SettingRule } from './rule.ts'

/** The value as it is kept, or what is wrong, to follow the name of the setting: `is "x", not …`. */
export type Judged = { readonly value: SettingValue } | { readonly wrong: string }

/** `given` is what was typed, or a value of a plan or a file. */
export function judgeValue(rule: SettingRule, given: unknown): Judged {
  switch (rule.type) {
    case 'duration':
      return judgeDuration(rule, given)
    case 'percent':
      return judgePercent(rule, given)
    case 'integer':
    case 'number':
      return judgeNumber(rule, given)
    case 'boolean':
      if (typeof given === 'boolean') return { value: given }
      if (given === 'true' || given === 'false') return { value: given === 'true' }
      return { wrong: `is ${shown(given)}, not true or false` }
    case 'choice': {
      if (typeof given === 'string' && rule.of.includes(given)) return { value: given }
      const near = typeof given === 'string' ? suggestion(given, rule.of) : ''
      return { wrong: `is ${shown(given)}, not one of ${rule.of.join(', ')}${near}` }
    }
    case 'text':
      return judgeText(rule.longest, given)
  }
}

/** What a program gets: milliseconds of a duration, the number of a percentage, all else as it is. */
export function programValue(rule: SettingRule, value: SettingValue): SettingValue {
  if (rule.type === 'duration') return parseDuration(String(value)) ?? 0
  return rule.type === 'percent' ? percentOf(value) : value
}

/** What is allowed, in words: `a duration from 1ms to 10s`. */
export function wantedOf(rule: SettingRule): string {
  switch (rule.type) {
    case 'choice':
      return `one of ${rule.of.join(', ')}`
    case 'boolean':
      return 'true or false'
    case 'text':
      return `text of at most ${rule.longest} characters`
    default: {
      const unit = rule.type === 'percent' ? '%' : ''
      const from = rule.min === undefined ? '' : ` from ${rule.min}${unit}`
      const to = rule.max === undefined ? '' : `${from === '' ? ' up' : ''} to ${rule.max}${unit}`
      return `${rule.type === 'integer' ? 'an' : 'a'} ${rule.type}${from}${to}`
    }
  }
}

function judgeDuration(rule: Extract<SettingRule, { type: 'duration' }>, given: unknown): Judged {
  const ms = typeof given === 'string' ? parseDuration(given) : undefined
  if (ms === undefined) {
    const bare = typeof given === 'number' || (typeof given === 'string' && /^\d+(\.\d+)?$/.test(given))
    return { wrong: `is ${shown(given)}, ${bare ? 'without a unit: write' : 'not'} ${durationWords}` }
  }
  const limits = { min: rule.min && parseDuration(rule.min), max: rule.max && parseDuration(rule.max) }
  if (typeof limits.min === 'number' && ms < limits.min) return { wrong: `is ${shown(given)}, less than ${rule.min}` }
  if (typeof limits.max === 'number' && ms > limits.max) return { wrong: `is ${shown(given)}, more than ${rule.max}` }
  return { value: given as string }
}

function judgePercent(rule: Extract<SettingRule, { type: 'percent' }>, given: unknown): Judged {
  const figure = typeof given === 'string' || typeof given === 'number' ? percentOf(given) : Number.NaN
  if (!Number.isFinite(figure)) return { wrong: `is ${shown(given)}, not a percentage such as 12.5%` }
  const outside = beyond(figure, rule, '%')
  return outside === undefined ? { value: `${figure}%` } : { wrong: `is ${shown(given)}, ${outside}` }
}

function percentOf(given: SettingValue): number {
  if (typeof given === 'number') return given
  const [, figure] = /^(-?\d+(?:\.\d+)?) ?%?$/.exec(String(given)) ?? []
  return figure === undefined ? Number.NaN : Number(figure)
}

function judgeNumber(rule: Extract<SettingRule, { type: 'integer' | 'number' }>, given: unknown): Judged {
  const figure = typeof given === 'string' ? numberIn(given) : typeof given === 'number' ? given : Number.NaN
  if (!Number.isFinite(figure)) return { wrong: `is ${shown(given)}, not ${wantedOf(rule)}` }
  if (rule.type === 'integer' && !Number.isSafeInteger(figure))
    return { wrong: `is ${shown(given)}, not a whole number` }
  const outside = beyond(figure, rule, '')
  return outside === undefined ? { value: figure } : { wrong: `is ${shown(given)}, ${outside}` }
}

/** Digits as people write them: not `0x10`, not an empty text. */
function numberIn(text: string): number {
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
}

function beyond(
  figure: number,
  { min, max }: { readonly min?: number | undefined; readonly max?: number | undefined },
  unit: string,
): string | undefined {
  if (min !== undefined && figure < min) return `less than ${min}${unit}`
  return max !== undefined && figure > max ? `more than ${max}${unit}` : undefined
}

/** A key, or a url with a password in it: settings are shown, kept in histories and read by all. */
const secretText = /-----BEGIN [A-Z ]*KEY|:\/\/[^/\s:@]+:[^/\s@]+@/

function judgeText(longest: number, given: unknown): Judged {
  if (typeof given !== 'string') return { wrong: `is ${shown(given)}, not text` }
  // Whatever it is, it is not repeated.
  if (secretText.test(given)) return { wrong: 'holds a secret: name the environment variable that has it instead' }
  if (/\p{Cc}/u.test(given)) return { wrong: 'has control characters' }
  if (given.length > longest) return { wrong: `has ${given.length} characters, more than ${longest}` }
  return { value: given }
}

function shown(given: unknown): string {
  const text = JSON.stringify(given) ?? String(given)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

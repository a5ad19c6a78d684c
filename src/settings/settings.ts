/** The settings of a program: rules and the values that stand, checked as a whole. Knows no file and no reader. */
import { durationWords, parseDuration } from '../core/duration.ts'
import { ChangeoverError, suggestion } from '../core/errors.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { SettingsFacts, SettingValue } from '../core/ports/index.ts'
import { settingName, type SettingRule, settingRule } from './rule.ts'
import { judgeValue } from './value.ts'

export interface Settings {
  readonly rules: { readonly [setting: string]: SettingRule }
  readonly values: { readonly [setting: string]: SettingValue }
}

const help = 'mend it there; programs keep the last settings that could be read'

/** What a document `{ settings, values }` says. Throws `settings.invalid`, naming the setting. */
export function readSettings(document: Json): Settings {
  const { settings, values = {} } = isObject(document) ? document : ({} as JsonObject)
  if (!isObject(settings))
    throw invalid('there is no `settings`: the rules by name', 'begin with {"settings": {}, "values": {}}')
  if (!isObject(values)) throw invalid('`values` is not a map of values by name')
  const rules = Object.fromEntries(Object.entries(settings).map(([name, rule]) => [name, readRule(name, rule)]))
  return {
    rules,
    values: Object.fromEntries(Object.entries(values).map(([name, given]) => [name, readValue(rules, name, given)])),
  }
}

/** The rules and values of facts: they were read once already. */
export function settingsOf(facts: SettingsFacts): Settings {
  return facts as unknown as Settings
}

/** The rule of a setting. Throws `settings.unknown` with the nearest name. */
export function ruleOf({ rules }: Settings, name: string): SettingRule {
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
  if (rule !== undefined) return rule
  throw new ChangeoverError(
    'settings.unknown',
    `there is no setting "${name}"${suggestion(name, Object.keys(rules))}`,
    '`changeover config list` names them',
  )
}

/** The value that holds: the one that stands, or the default. */
export function valueOf(settings: Settings, name: string): SettingValue {
  const { default: usual } = ruleOf(settings, name)
  return Object.hasOwn(settings.values, name) ? settings.values[name]! : usual
}

function readRule(name: string, given: Json): SettingRule {
  const called = settingName.safeParse(name)
  if (!called.success) throw invalid(`setting "${name}": a name is ${called.error.issues[0]?.message}`)
  const read = settingRule.safeParse(given)
  if (!read.success) throw invalid(`setting "${name}": ${wrongRule(given, read.error.issues[0])}`)
  const rule = read.data
  if (rule.type === 'text' && isSecretName(name))
    throw invalid(
      `setting "${name}" is a secret by its name: settings are shown to everybody`,
      'give secrets to the program by its environment',
    )
  const bounds = wrongBounds(rule)
  if (bounds !== undefined) throw invalid(`setting "${name}": ${bounds}`)
  const usual = judgeValue(rule, rule.default)
  if ('wrong' in usual) throw invalid(`setting "${name}": its default ${usual.wrong}`)
  return { ...rule, default: usual.value } as SettingRule
}

const types = ['duration', 'percent', 'integer', 'number', 'boolean', 'choice', 'text']

function wrongRule(
  given: Json,
  issue: { readonly message: string; readonly path: readonly PropertyKey[] } | undefined,
): string {
  const type = isObject(given) ? given['type'] : undefined
  if (type === 'secret') return 'a secret is no setting: settings are shown to everybody'
  if (typeof type !== 'string' || !types.includes(type)) {
    const near = typeof type === 'string' ? suggestion(type, types) : ''
    return `its type is ${JSON.stringify(type ?? null)}, not one of ${types.join(', ')}${near}`
  }
  return `${(issue?.path ?? []).map(String).join('.') || 'its rule'}: ${issue?.message ?? 'is not in shape'}`
}

function wrongBounds(rule: SettingRule): string | undefined {
  if (!('min' in rule) && !('max' in rule)) return undefined
  const [min, max] = [rule.min, rule.max].map((each) =>
    typeof each === 'string' ? (parseDuration(each) ?? NaN) : each,
  )
  if (Number.isNaN(min)) return `its min is "${rule.min}", not ${durationWords}`
  if (Number.isNaN(max)) return `its max is "${rule.max}", not ${durationWords}`
  return min !== undefined && max !== undefined && min > max
    ? `its min ${rule.min} is more than its max ${rule.max}`
    : undefined
}

/** Whole words of a name. */
function isSecretName(name: string): boolean {
  return (
    name
      .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase()
      .split(/[._-]/)
      .some((word) => /^(passw(or)?ds?|pwd|secrets?|tokens?|credentials?|apikeys?|passphrases?)$/.test(word)) ||
    /(api|private|access|signing)[_.-]?key/i.test(name)
  )
}

function readValue(rules: Settings['rules'], name: string, given: Json): SettingValue {
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
  if (rule === undefined)
    throw invalid(`a value of "${name}", which is no setting${suggestion(name, Object.keys(rules))}`)
  const judged = judgeValue(rule, given)
  if ('wrong' in judged) throw invalid(`setting "${name}" ${judged.wrong}`)
  return judged.value
}

function invalid(message: string, more = help): ChangeoverError {
  return new ChangeoverError('settings.invalid', message, more)
}

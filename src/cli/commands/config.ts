/** `changeover config`: what the settings of a running program are, who changed them, and by which word they are changed. */
import { ChangeoverError, isChangeoverError, suggestion } from '../../core/errors.ts'
import type { SettingChange, SettingsReader, SettingsWriter, SettingValue } from '../../core/ports/index.ts'
import { thisActor } from '../../engine/this-process.ts'
import { judgeValue, ruleOf, type Settings, settingsOf, valueOf, wantedOf } from '../../settings/index.ts'
import type { Door } from '../door.ts'
import { aboutThatStore, openStore, type StoreOptions } from './store.ts'
import { positive } from './wishes.ts'

export interface ConfigOptions extends StoreOptions {
  readonly note?: string
  readonly expect?: string
  readonly most?: string
}

const verbs = ['list', 'get', 'set', 'unset', 'history'] as const
type Verb = (typeof verbs)[number]

export async function config(
  words: readonly [verb: string, name: string | undefined, value: string | undefined],
  options: ConfigOptions,
  door: Door,
): Promise<number> {
  const [given, name, value] = words
  const verb = verbs.find((known) => known === given)
  if (verb === undefined)
    throw new ChangeoverError(
      'usage.unknown',
      `config has no verb "${given}"${suggestion(given, verbs)}`,
      `verbs: ${verbs.join(', ')}`,
    )
  mustBeWhole(verb, name, value)
  const stop = new AbortController()
  const opened = await openStore('settings', options, door, stop.signal)
  const { read, write } = opened.target
  try {
    if (verb === 'list') return await list(read, door)
    if (verb === 'history') return await history(name, options, read, door)
    if (verb === 'get') return await get(name ?? '', read, door)
    return await set(name ?? '', verb === 'unset' ? null : (value ?? ''), options, write, door)
  } catch (error) {
    throw aboutThatStore(error, options)
  } finally {
    stop.abort(new Error('over'))
    await opened.close()
  }
}

function mustBeWhole(verb: Verb, name: string | undefined, value: string | undefined): void {
  const example = 'for example `changeover config set mode_detector.latency_threshold 100ms`'
  if (name === undefined && verb !== 'list' && verb !== 'history')
    throw new ChangeoverError('usage.invalid', `config ${verb} needs the name of a setting`, '`changeover config list`')
  if (value === undefined && verb === 'set')
    throw new ChangeoverError('usage.invalid', `config set ${name} needs a value`, example)
  if (name !== undefined && verb === 'list')
    throw new ChangeoverError(
      'usage.invalid',
      `config list is about all settings, and takes no name: "${name}"`,
      `\`changeover config get ${name}\` shows that one`,
    )
  if (value !== undefined && verb !== 'set')
    throw new ChangeoverError('usage.invalid', `config ${verb} takes no value, and "${value}" was given`, example)
}

async function list(store: SettingsReader, door: Door): Promise<number> {
  const settings = settingsOf(await store.read())
  const names = Object.keys(settings.rules)
  const widest = Math.max(0, ...names.map((name) => name.length))
  for (const name of names) {
    const said = `${door.paint.strong(name.padEnd(widest))}  ${valueOf(settings, name)}${isUsual(settings, name) ? door.paint.faint('  (default)') : ''}`
    door.out(door.json ? `${JSON.stringify(jsonOf(settings, name))}\n` : `${said}\n`)
  }
  if (names.length === 0 && !door.json) door.out('there are no settings\n')
  return 0
}

async function get(name: string, store: SettingsReader, door: Door): Promise<number> {
  const settings = settingsOf(await store.read())
  const rule = ruleOf(settings, name)
  if (door.json) door.out(`${JSON.stringify(jsonOf(settings, name))}\n`)
  else {
    const usual = isUsual(settings, name) ? 'the default' : `default ${rule.default}`
    door.out(`${valueOf(settings, name)}\n${door.paint.faint(`${wantedOf(rule)}; ${usual}`)}\n`)
    if (rule.says !== undefined) door.out(`${door.paint.faint(rule.says)}\n`)
  }
  return 0
}

function isUsual(settings: Settings, name: string): boolean {
  return !Object.hasOwn(settings.values, name)
}

function jsonOf(settings: Settings, name: string): object {
  return {
    setting: name,
    value: valueOf(settings, name),
    isDefault: isUsual(settings, name),
    rule: settings.rules[name],
  }
}

async function set(
  name: string,
  given: string | null,
  options: ConfigOptions,
  store: SettingsWriter,
  door: Door,
): Promise<number> {
  const now = await store.read()
  const settings = settingsOf(now)
  const before = valueOf(settings, name)
  const stood = now.values[name] ?? null
  const after = given === null ? null : mustBe(settings, name, given)
  if (options.expect !== undefined && mustBe(settings, name, options.expect) !== before)
    throw new ChangeoverError(
      'target.conflict',
      `setting "${name}" is ${before}, not ${options.expect}`,
      `see \`changeover config history ${name}\`, and decide anew`,
    )
  const version = await write(name, stood, after, now.version, options.note ?? '', store)
  const next = after ?? ruleOf(settings, name).default
  const changed = stood !== after
  if (door.json) door.out(`${JSON.stringify({ setting: name, before, after: next, changed, version })}\n`)
  else if (changed) door.out(`${name}: ${before} to ${next}${after === null ? ', its default' : ''}\n`)
  else door.out(`${name} is ${next} already\n`)
  return 0
}

function mustBe(settings: Settings, name: string, given: string): SettingValue {
  const rule = ruleOf(settings, name)
  const judged = judgeValue(rule, given)
  if ('value' in judged) return judged.value
  throw new ChangeoverError('settings.invalid', `setting "${name}" ${judged.wrong}`, `it takes ${wantedOf(rule)}`)
}

/** Others may change other settings meanwhile; what was decided here holds as long as this one is what it was. */
async function write(
  name: string,
  stood: SettingValue | null,
  after: SettingValue | null,
  decidedOn: string,
  why: string,
  store: SettingsWriter,
): Promise<string> {
  const { user, host } = thisActor()
  let version = decidedOn
  for (let left = 20; ; left--) {
    try {
      return await store.change({ [name]: after }, version, { by: `${user}@${host}`, why })
    } catch (error) {
      if (!isChangeoverError(error) || error.code !== 'target.conflict' || left <= 1) throw error
      const now = await store.read()
      version = now.version
      if ((now.values[name] ?? null) === stood) continue
      throw new ChangeoverError(
        'target.conflict',
        `setting "${name}" was changed by somebody else just now`,
        `see \`changeover config history ${name}\`, and decide anew`,
      )
    }
  }
}

async function history(
  name: string | undefined,
  options: ConfigOptions,
  store: SettingsReader,
  door: Door,
): Promise<number> {
  const settings = settingsOf(await store.read())
  if (name !== undefined) ruleOf(settings, name)
  const most = options.most === undefined ? 50 : positive('--most', options.most)
  const changes = await store.history(name, most)
  for (const change of changes) door.out(door.json ? `${JSON.stringify(change)}\n` : `${lineOf(change, door)}\n`)
  if (changes.length === 0 && !door.json) door.out('no change was made with this tool\n')
  return 0
}

function lineOf({ at, by, why, setting, before, after }: SettingChange, door: Door): string {
  const words = `${setting}: ${before ?? 'default'} to ${after ?? 'default'}`
  return `${door.paint.faint(new Date(at).toISOString())}  ${by}  ${words}${why === '' ? '' : `  (${why})`}`
}

/** `changeover flags`: what the flags are, who changed them, and by which word they are changed or served. */
import { ChangeoverError, suggestion } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { FlagChange, FlagReader } from '../../core/ports/index.ts'
import { factsOf, type Flag, rolloutOf, sidesIn } from '../../flags/index.ts'
import { flagIn, hasRule, plainSides, standing } from '../../kinds/flags/wish.ts'
import { whoMoves } from '../../kinds/flags/words.ts'
import type { Door } from '../door.ts'
import { serve, type ServeOptions } from './flags-serve.ts'
import { disableAll, set, type SetOptions } from './flags-set.ts'
import { aboutThatStore, openStore, type StoreOptions } from './store.ts'
import { positive } from './wishes.ts'

export interface FlagsOptions extends StoreOptions, SetOptions, ServeOptions {
  readonly most?: string
}

const verbs = ['list', 'get', 'set', 'disable-all', 'history', 'serve'] as const

export async function flags(
  verb: string,
  name: string | undefined,
  options: FlagsOptions,
  door: Door,
): Promise<number> {
  if (!verbs.some((known) => known === verb))
    throw new ChangeoverError(
      'usage.unknown',
      `flags has no verb "${verb}"${suggestion(verb, verbs)}`,
      `verbs: ${verbs.join(', ')}`,
    )
  if (name === undefined && (verb === 'get' || verb === 'set'))
    throw new ChangeoverError('usage.invalid', `flags ${verb} needs the name of a flag`, '`changeover flags list`')
  if (name !== undefined && (verb === 'list' || verb === 'disable-all' || verb === 'serve'))
    throw new ChangeoverError(
      'usage.invalid',
      `flags ${verb} is about all flags, and takes no name: "${name}"`,
      verb === 'disable-all'
        ? `\`changeover flags set ${name} --enabled false\` switches that one off`
        : `\`changeover flags get ${name}\` shows that one`,
    )
  const stop = new AbortController()
  const opened = await openStore('flags', options, door, stop.signal)
  const { target } = opened
  try {
    if (verb === 'serve') return await serve(target.read, options, door)
    if (verb === 'set') return await set(name ?? '', options, target.write, door)
    if (verb === 'disable-all') return await disableAll(options, target.write, door)
    if (verb === 'history') return await history(name, options, target.read, door)
    return verb === 'list' ? await list(target.read, door) : await get(name ?? '', target.read, door)
  } catch (error) {
    throw aboutThatStore(error, options)
  } finally {
    stop.abort(new Error('over'))
    await opened.close()
  }
}

async function flagsOf(store: FlagReader): Promise<JsonObject> {
  return factsOf((await store.read()).document).flags
}

async function list(store: FlagReader, door: Door): Promise<number> {
  const all = await flagsOf(store)
  const rows = Object.keys(all).flatMap((name) => {
    const flag = flagIn(all, name)
    return flag === undefined ? [] : [{ name, flag }]
  })
  if (door.json) for (const { name, flag } of rows) door.out(`${JSON.stringify(jsonOf(name, flag))}\n`)
  else {
    const widest = Math.max(0, ...rows.map(({ name }) => name.length))
    for (const { name, flag } of rows) {
      const state = flag.state === 'ENABLED' ? door.paint.good('on ') : door.paint.warn('off')
      door.out(`${state}  ${name.padEnd(widest)}  ${inShort(flag)}\n`)
    }
    if (rows.length === 0) door.out('there are no flags\n')
  }
  return 0
}

function inShort(flag: Flag): string {
  return flag.state === 'ENABLED' ? whenOn(flag) : `the program's fallback; when on: ${whenOn(flag)}`
}

function whenOn(flag: Flag): string {
  if (hasRule(flag)) return 'by a rule of its own'
  const rollout = rolloutOf(flag)
  if (rollout === undefined) return `always ${flag.defaultVariant || "the program's fallback"}`
  const { percent, allow, deny, nodes } = rollout
  const { on, off } = sidesIn(flag) ?? plainSides
  return [
    `${percent} % of the ${nodes === undefined ? 'users' : 'nodes'}`,
    ...(on === plainSides.on && off === plainSides.off ? [] : [`"${on}" in place of "${off}"`]),
    ...(allow.length === 0 ? [] : [`${allow.length} by name`]),
    ...(deny.length === 0 ? [] : [`${deny.length} kept out`]),
  ].join(', ')
}

function jsonOf(name: string, flag: Flag): JsonObject {
  const rollout = hasRule(flag) ? null : standing(flag)
  return {
    flag: name,
    rollout: rollout as JsonObject | null,
    sides: (sidesIn(flag) ?? null) as JsonObject | null,
    definition: flag as unknown as JsonObject,
  }
}

function mustBeThere(name: string, all: JsonObject): Flag {
  const flag = flagIn(all, name)
  if (flag !== undefined) return flag
  const message = `there is no flag "${name}"${suggestion(name, Object.keys(all))}`
  throw new ChangeoverError('usage.unknown', message, '`changeover flags list` names them')
}

async function get(name: string, store: FlagReader, door: Door): Promise<number> {
  const all = await flagsOf(store)
  const flag = mustBeThere(name, all)
  if (door.json) door.out(`${JSON.stringify(jsonOf(name, flag))}\n`)
  else door.out(`${door.paint.strong(name)}  ${inShort(flag)}\n${JSON.stringify(flag, null, 2)}\n`)
  return 0
}

async function history(
  name: string | undefined,
  options: FlagsOptions,
  store: FlagReader,
  door: Door,
): Promise<number> {
  const most = options.most === undefined ? 50 : positive('--most', options.most)
  const changes = await store.history(name, most)
  // One that is gone has its history still.
  if (name !== undefined && changes.length === 0) mustBeThere(name, await flagsOf(store))
  for (const change of changes) door.out(door.json ? `${JSON.stringify(change)}\n` : `${lineOf(change, door)}\n`)
  if (changes.length === 0 && !door.json) door.out('no change was made with this tool\n')
  return 0
}

function lineOf({ at, by, why, flag, before, after }: FlagChange, door: Door): string {
  const words =
    after === null
      ? `flag "${flag}" was removed`
      : whoMoves(flag, (before ?? undefined) as Flag | undefined, after as unknown as Flag).join('; ')
  return `${door.paint.faint(new Date(at).toISOString())}  ${by}  ${words}${why === '' ? '' : `  (${why})`}`
}

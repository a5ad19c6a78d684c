/** `changeover flags set` and `disable-all`: changes by a person, decided on the flags as they are, and refused where those have moved. */
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { blocks, type Finding } from '../../core/finding.ts'
import { equal, type JsonObject } from '../../core/json.ts'
import type { FlagDocument, FlagWriter } from '../../core/ports/index.ts'
import { thisActor } from '../../engine/this-process.ts'
import { factsOf, type Flag } from '../../flags/index.ts'
import { disabled } from '../../kinds/flags/disable-all.ts'
import { against, flagIn, tryWish } from '../../kinds/flags/wish.ts'
import { whoMoves } from '../../kinds/flags/words.ts'
import type { Door } from '../door.ts'
import { type WishOptions, wishOf } from './flags-wish.ts'

export interface SetOptions extends WishOptions {
  readonly create?: boolean
  readonly note?: string
}

type Changes = { readonly [flag: string]: { readonly before: JsonObject | null; readonly after: JsonObject } }

export async function set(name: string, options: SetOptions, store: FlagWriter, door: Door): Promise<number> {
  const wish = wishOf(options)
  if (Object.keys(wish).length === 0 && !options.create)
    throw new ChangeoverError(
      'usage.invalid',
      `nothing is wished of flag "${name}"`,
      'name --enabled, --percent, --allow-list, --deny-list, --nodes, --users or --sides',
    )
  const now = await store.read()
  const facts = factsOf(now.document)
  const before = flagIn(facts.flags, name)
  if (before === undefined && !options.create) throw refusedBy(against(name, facts, undefined), 'usage.unknown')
  const after = tryWish(name, before, wish)
  if (!('state' in after)) throw refusedBy([after], 'flags.invalid')
  const findings = blocks(against(name, facts, after))
  if (findings.length > 0) throw refusedBy(findings, 'flags.invalid')
  const change = { before: (before ?? null) as JsonObject | null, after: after as unknown as JsonObject }
  const version = await write({ [name]: change }, now, options.note ?? '', store)
  const moves = whoMoves(name, before, after)
  const changed = !equal(change.before, change.after)
  if (door.json) door.out(`${JSON.stringify({ flag: name, ...change, changed, moves, version })}\n`)
  else door.out(`${moves.join('\n')}\n`)
  return 0
}

export async function disableAll(options: { readonly note?: string }, store: FlagWriter, door: Door): Promise<number> {
  const now = await store.read()
  const changes = disabled(factsOf(now.document).flags, ['**'], [])
  const names = Object.keys(changes)
  const version = await write(changes, now, options.note ?? 'disable-all', store)
  if (door.json) door.out(`${JSON.stringify({ disabled: names, version })}\n`)
  else if (names.length === 0) door.out('every flag is switched off already\n')
  else door.out(`switched off: ${names.join(', ')}\nevery program uses its own fallbacks\n`)
  return 0
}

/** Others may change other flags meanwhile; what was decided here holds as long as these flags are the ones it was decided on. */
async function write(changes: Changes, decidedOn: FlagDocument, why: string, store: FlagWriter): Promise<string> {
  const { user, host } = thisActor()
  const after = Object.fromEntries(Object.entries(changes).map(([name, each]) => [name, each.after]))
  let now = decidedOn
  for (let left = 20; ; left--) {
    try {
      return await store.change(after, now.version, { by: `${user}@${host}`, why })
    } catch (error) {
      if (!isChangeoverError(error) || error.code !== 'target.conflict' || left <= 1) throw error
      now = await store.read()
      const { flags } = factsOf(now.document)
      const moved = Object.entries(changes).find(([name, { before }]) => !equal(plain(flagIn(flags, name)), before))
      if (moved) throw movedMeanwhile(moved[0])
    }
  }
}

function movedMeanwhile(name: string): ChangeoverError {
  return new ChangeoverError(
    'target.conflict',
    `flag "${name}" was changed by somebody else just now`,
    `see \`changeover flags history ${name}\`, and decide anew`,
  )
}

function refusedBy(findings: readonly Finding[], code: 'usage.unknown' | 'flags.invalid'): ChangeoverError {
  const [first] = findings
  const help =
    code === 'usage.unknown' ? '`changeover flags list` names them; `--create` makes one' : (first?.help ?? '')
  return new ChangeoverError(code, findings.map(({ message }) => message).join('\n'), help, { data: findings })
}

function plain(flag: Flag | undefined): JsonObject | null {
  return (flag ?? null) as JsonObject | null
}

/** Flags of a store from what they were to what they shall be, all at once, and back; never over what somebody else wrote. */
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { block, type Finding } from '../../core/finding.ts'
import { equal, isObject, type JsonObject } from '../../core/json.ts'
import type { Mark, Reading, Writing } from '../../core/kind.ts'
import type { FlagDocument } from '../../core/ports/index.ts'

export const roles = { store: 'flags' } as const
type Store = typeof roles

/** Whole flags. `before` null: it was not there. */
export type Change = {
  readonly store: string
  readonly flags: { readonly [flag: string]: { readonly before: JsonObject | null; readonly after: JsonObject } }
  readonly why: string
}

/** Others may change other flags at the same time: read again and try again, so often. */
const tries = 20

export async function checkChange(work: Change, at: Reading<Store>): Promise<readonly Finding[]> {
  return foreign(work, await at.on.store.read(), ['before', 'after'])
}

export async function* applyChange(work: Change, at: Writing<Store>): AsyncGenerator<Mark> {
  // Kept before anything is written: without it a rollback knows that what it finds is not ours.
  yield { at: { stage: 'about' }, note: 'about to change the flags' }
  await write(work, at, 'after', 'before', work.why)
  const count = Object.keys(work.flags).length
  yield { at: { stage: 'changed' }, done: count, of: count, unit: 'flags' }
}

export async function verifyChange(work: Change, at: Reading<Store>): Promise<readonly Finding[]> {
  return foreign(work, await at.on.store.read(), ['after'])
}

export async function* rollbackChange(work: Change, at: Writing<Store>): AsyncGenerator<Mark> {
  if (at.applied === null) return
  await write(work, at, 'before', 'after', `turned back: ${work.why}`)
  yield { at: { stage: 'back' } }
}

type Side = 'before' | 'after'

async function write(work: Change, at: Writing<Store>, to: Side, from: Side, why: string): Promise<void> {
  const by = at.approval?.by ?? `run "${at.run}"`
  for (let left = tries; ; left--) {
    at.signal.throwIfAborted()
    const now = await at.on.store.read()
    const others = foreign(work, now, [to, from])
    if (others[0] !== undefined)
      throw new ChangeoverError('target.conflict', others[0].message, others[0].help, { data: others })
    const open = Object.entries(work.flags).filter(([name, flag]) => !same(flagOf(now, name), flag[to]))
    if (open.length === 0) return
    try {
      const changes = Object.fromEntries(open.map(([name, flag]) => [name, flag[to]]))
      await at.on.store.change(changes, now.version, { by, why: `${why} (step "${at.step}")` })
      return
    } catch (error) {
      if (!isChangeoverError(error) || error.code !== 'target.conflict' || left <= 1) throw error
    }
  }
}

/** Flags that are on none of these sides: somebody else has written them. */
function foreign(work: Change, now: FlagDocument, sides: readonly Side[]): readonly Finding[] {
  return Object.entries(work.flags)
    .filter(([name, flag]) => !sides.some((side) => same(flagOf(now, name), flag[side])))
    .map(([name]) =>
      block(
        'flags.moved',
        `flag "${name}" of "${work.store}" was changed by somebody else meanwhile`,
        `see \`changeover flags history ${name} --target ${work.store}\`, and decide whose change holds`,
      ),
    )
}

function flagOf({ document }: FlagDocument, name: string): JsonObject | null {
  const flags = document['flags']
  const found = isObject(flags) && Object.hasOwn(flags, name) ? flags[name] : undefined
  return isObject(found) ? found : null
}

function same(a: JsonObject | null, b: JsonObject | null): boolean {
  return equal(a, b)
}

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

/** What a kind does once it has planned its change. */
export const changing = {
  check: checkChange,
  apply: (work: Change, at: Writing<Store>) => applyChange(work, at),
  verify: verifyChange,
  rollback: (work: Change, at: Writing<Store>) => rollbackChange(work, at),
  rollbackTogether: (works: readonly Change[], at: Writing<Store>) => rollbackChanges(works, at),
}

/** Others may change other flags at the same time: read again and try again, so often. */
const tries = 20

async function checkChange(work: Change, at: Reading<Store>): Promise<readonly Finding[]> {
  return foreign(between(['before', 'after'], work), await at.on.store.read())
}

async function* applyChange(work: Change, at: Writing<Store>): AsyncGenerator<Mark> {
  // Kept before anything is written: without it a rollback knows that what it finds is not ours.
  yield { at: { stage: 'about' }, note: 'about to change the flags' }
  await write(between(['before', 'after'], work), at)
  const count = Object.keys(work.flags).length
  yield { at: { stage: 'changed' }, done: count, of: count, unit: 'flags' }
}

async function verifyChange(work: Change, at: Reading<Store>): Promise<readonly Finding[]> {
  return foreign(between(['after'], work), await at.on.store.read())
}

async function* rollbackChange(work: Change, at: Writing<Store>): AsyncGenerator<Mark> {
  if (at.applied !== null) yield* rollbackChanges([work], at)
}

/** Several changes, the newest first, in one: each flag becomes what it was before the oldest of them. */
async function* rollbackChanges(works: readonly Change[], at: Writing<Store>): AsyncGenerator<Mark> {
  const names = [...new Set(works.flatMap(({ flags }) => Object.keys(flags)))]
  const flags = names.map((name) => [name, backOf(name, works)] as const)
  const why = `turned back: ${[...new Set(works.map((work) => work.why))].join(', ')}`
  const [newest] = works
  if (newest) await write({ store: newest.store, flags: Object.fromEntries(flags), why }, at)
  yield { at: { stage: 'back' } }
}

function backOf(name: string, works: readonly Change[]): Wish {
  const own = works.flatMap(({ flags }) => flags[name] ?? [])
  return { to: own.at(-1)?.before ?? null, known: own.flatMap(({ before, after }) => [before, after]) }
}

/** What a flag shall be, and what it may be found as: anything else was written by somebody else. */
interface Wish {
  readonly to: JsonObject | null
  readonly known: readonly (JsonObject | null)[]
}
interface Wishes {
  readonly store: string
  readonly flags: { readonly [flag: string]: Wish }
  readonly why: string
}

type Side = 'before' | 'after'

const between = (sides: readonly Side[], { store, flags, why }: Change): Wishes => ({
  store,
  why,
  flags: Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, { to: flag.after, known: sides.map((side) => flag[side]) }]),
  ),
})

async function write(work: Wishes, at: Writing<Store>): Promise<void> {
  const by = at.approval?.by ?? `run "${at.run}"`
  for (let left = tries; ; left--) {
    at.signal.throwIfAborted()
    const now = await at.on.store.read()
    const others = foreign(work, now)
    if (others[0] !== undefined)
      throw new ChangeoverError('target.conflict', others[0].message, others[0].help, { data: others })
    const open = Object.entries(work.flags).filter(([name, flag]) => !same(flagOf(now, name), flag.to))
    if (open.length === 0) return
    try {
      const changes = Object.fromEntries(open.map(([name, flag]) => [name, flag.to]))
      await at.on.store.change(changes, now.version, { by, why: `${work.why} (step "${at.step}")` })
      return
    } catch (error) {
      if (!isChangeoverError(error) || error.code !== 'target.conflict' || left <= 1) throw error
    }
  }
}

/** Flags that are nothing of what they may be: somebody else has written them. */
function foreign(work: Wishes, now: FlagDocument): readonly Finding[] {
  return Object.entries(work.flags)
    .filter(([name, flag]) => !flag.known.some((each) => same(flagOf(now, name), each)))
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

/** Edits that hold other lenses or a person's functions: each, when, and calls. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import { compileGet, compileSet, functionOf, type Stage } from './edit.ts'
import { open, parsed, stringifyJson } from './json-text.ts'
import type { LensData } from './operations.ts'
import { isFields, kindOf, type Path, pointer, refuse } from './path.ts'
import type { Direction, Edit, Environment, Test } from './program.ts'
import { sameValue } from './same.ts'

type Around = Extract<Edit, { edit: 'each' | 'when' | 'value' | 'fields' }>
/** A whole lens in one direction. Answers with a promise only where a function of it does. */
export type Chain = (doc: unknown, was: unknown) => unknown
/** Compiles a lens inside, in the direction of the edit that holds it. */
type Inner = (lens: LensData) => Chain

export function compileAround(edit: Around, direction: Direction, environment: Environment, inner: Inner): Stage {
  switch (edit.edit) {
    case 'each':
      return compileEach(edit, inner)
    case 'when':
      return compileWhen(edit, inner)
    case 'value': {
      const [run, get, set] = [
        functionOf(edit.reference, direction, environment),
        compileGet(edit.at),
        compileSet(edit.at),
      ]
      return (doc, was) => {
        const value = parsed(get(doc, undefined))
        if (value === undefined) return doc
        return after(
          run(value, was === undefined ? undefined : parsed(get(was, undefined)), environment.context),
          (made) => set(doc, made),
        )
      }
    }
    case 'fields':
      return compileFields(edit, direction, environment)
  }
}

function after(value: unknown, then: (value: unknown) => unknown): unknown {
  return value instanceof Promise ? value.then(then) : then(value)
}

function compileFields(edit: Extract<Edit, { edit: 'fields' }>, direction: Direction, environment: Environment): Stage {
  const run = functionOf(edit.reference, direction, environment)
  const { takes, gives } = edit
  if (!takes || !gives) return (doc, was) => run(parsed(doc), parsed(was), environment.context)
  const touched = new Set([...takes, ...gives])
  const place = (doc: unknown, made: unknown): unknown => {
    if (!isFields(made))
      return refuse(gives.join(', '), `${edit.reference} answered ${kindOf(made)} where an object of fields is needed`)
    const whole = others(doc, touched)
    for (let i = 0; i < gives.length; i++) whole[gives[i]!] = made[gives[i]!]
    return whole
  }
  return (doc, was) => {
    const made = run(some(doc, takes), was === undefined ? undefined : some(was, gives), environment.context)
    return made instanceof Promise ? made.then((answer) => place(doc, answer)) : place(doc, made)
  }
}

/** Some fields with nothing left unparsed. Loops by index, here and below: each row of a table comes through. */
function some(doc: unknown, names: readonly string[]): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  if (typeof doc !== 'object' || doc === null) return made
  const fields = doc as Readonly<Record<string, unknown>>
  for (let i = 0; i < names.length; i++) {
    const value = fields[names[i]!]
    if (value !== undefined) made[names[i]!] = typeof value === 'object' ? parsed(value) : value
  }
  return made
}

/** A copy without some fields. Not a spread and then `delete`, which would make a slow object of it. */
function others(doc: unknown, without: ReadonlySet<string>): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  if (typeof doc !== 'object' || doc === null) return kept
  const fields = doc as Readonly<Record<string, unknown>>
  for (const key in fields) {
    if (without.has(key)) continue
    if (key === '__proto__') return Object.fromEntries(Object.entries(fields).filter(([name]) => !without.has(name)))
    kept[key] = fields[key]
  }
  return kept
}

function compileWhen(edit: Extract<Edit, { edit: 'when' }>, inner: Inner): Stage {
  const [then, otherwise, test, there] = [
    inner(edit.matched),
    inner(edit.otherwise),
    compileTest(edit.test),
    compileTest(edit.there),
  ]
  return (doc, was) => {
    const yes = test(doc)
    return (yes ? then : otherwise)(doc, was !== undefined && there(was) === yes ? was : undefined)
  }
}

function compileTest(test: Test): (doc: unknown) => boolean {
  const get = compileGet(test.path)
  if (test.in) {
    const values = test.in
    return (doc) => {
      const value = get(doc, undefined)
      return values.some((each) => sameValue(value ?? null, each))
    }
  }
  return (doc) => ((open(get(doc, undefined)) ?? undefined) !== undefined) === (test.exists ?? true)
}

/** Items meet what the other side holds for them by key (the second of a key meets the second), else by place. */
function compileEach(edit: Extract<Edit, { edit: 'each' }>, inner: Inner): Stage {
  const run = inner(edit.lens)
  const [get, set] = [compileGet(edit.at), compileSet(edit.at)]
  const at = pointer(edit.at)
  return (doc, was) => {
    const items = open(get(doc, undefined))
    if (items === undefined || items === null) return doc
    const held = was === undefined ? undefined : open(get(was, undefined))
    if (Array.isArray(items)) {
      const pair = pairing(held, edit.key, edit.there)
      const made = items.map((item: unknown, i) => onItem(run, item, pair(item, i), `${at}/${i}`))
      return after(all(made), (list) => set(doc, list))
    }
    if (!isFields(items)) return refuse(at, `${kindOf(items)} where a list or an object is needed`)
    const keys = Object.keys(items)
    const made = keys.map((key) => onItem(run, items[key], isFields(held) ? held[key] : undefined, `${at}/${key}`))
    return after(all(made), (values) =>
      set(doc, Object.fromEntries(keys.map((key, i) => [key, (values as readonly unknown[])[i]]))),
    )
  }
}

function all(items: readonly unknown[]): unknown {
  return items.some((item) => item instanceof Promise) ? Promise.all(items) : items
}

function pairing(
  held: unknown,
  key: Path | undefined,
  there: Path | undefined,
): (item: unknown, index: number) => unknown {
  if (!Array.isArray(held)) return () => undefined
  if (!key || !there) return (_item, index) => held[index] as unknown
  const [here, other] = [compileGet(key), compileGet(there)]
  const waiting = new Map<string, unknown[]>()
  for (const item of held as readonly unknown[]) {
    const name = stringifyJson(other(open(item), undefined))
    const same = waiting.get(name)
    if (same) same.push(item)
    else waiting.set(name, [item])
  }
  return (item) => waiting.get(stringifyJson(here(open(item), undefined)))?.shift()
}

/** A refusal inside of an item names the item. */
function onItem(run: Chain, item: unknown, was: unknown, at: string): unknown {
  try {
    const made = run(item, was)
    return made instanceof Promise ? made.catch((error: unknown) => inItem(error, at)) : made
  } catch (error) {
    return inItem(error, at)
  }
}

function inItem(error: unknown, at: string): never {
  if (!isChangeoverError(error) || error.code !== 'lens.refused') throw error
  const { path, reason } = error.data as { path: string; reason: string }
  const whole = `${at}${path === '' || path.startsWith('/') ? path : `/${path}`}`
  throw new ChangeoverError('lens.refused', `the value at "${whole}" is refused: ${reason}`, error.help, {
    data: { path: whole, reason },
  })
}

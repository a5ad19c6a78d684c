/** One edit of a program as a closure over a document that is ours to change at the top, and shared below. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import { open } from './json-text.ts'
import { childOf, type Fields, isFields, kindOf, type Path, refuse, showPath } from './path.ts'
import type { Direction, Edit, Environment, Term } from './program.ts'

/** Answers the document, changed in place at the top. `was`: what the other side holds at this stage. */
export type Stage = (doc: unknown, was: unknown) => unknown
export type Getter = (doc: unknown, was: unknown) => unknown

/** Edits that hold nothing but values; the others stand in `around.ts`. */
export type Flat = Extract<Edit, { edit: 'put' | 'drop' | 'only' | 'rest' }>

export function compileEdit(edit: Flat, environment: Environment): Stage {
  switch (edit.edit) {
    case 'put': {
      const value = compileTerm(edit.value, environment)
      const set = compileSet(edit.at)
      return environment.forgiving
        ? (doc, was) => unlessRefused(() => set(doc, value(doc, was)), doc)
        : (doc, was) => set(doc, value(doc, was))
    }
    case 'drop':
      return compileDrop(edit.at, edit.prune === true)
    case 'only': {
      const kept = new Set(edit.fields)
      return (doc) => (isFields(doc) ? Object.fromEntries(Object.entries(doc).filter(([key]) => kept.has(key))) : doc)
    }
    case 'rest': {
      const kept = new Set(edit.fields)
      return (doc, was) =>
        isFields(doc) && isFields(was)
          ? { ...Object.fromEntries(Object.entries(was).filter(([key]) => !kept.has(key))), ...doc }
          : doc
    }
  }
}

function compileTerm(term: Term, environment: Environment): Getter {
  switch (term.term) {
    case 'get':
      return compileGet(term.path)
    case 'was': {
      const get = compileGet(term.path)
      return (_doc, was) => (was === undefined ? undefined : get(was, undefined))
    }
    case 'constant':
      return () => term.value
    case 'now':
      return () => environment.context.now
    case 'object':
      return compileObject(term, environment)
    case 'call': {
      const call = compileCall(
        term.rule.js as (...values: unknown[]) => unknown,
        term.of.map((each) => compileTerm(each, environment)),
      )
      return environment.forgiving ? (doc, was) => unlessRefused(() => call(doc, was), undefined) : call
    }
  }
}

function unlessRefused(run: () => unknown, otherwise: unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (!isChangeoverError(error) || error.code !== 'lens.refused') throw error
    return otherwise
  }
}

function compileCall(run: (...values: unknown[]) => unknown, of: readonly Getter[]): Getter {
  const [first, second, third] = of
  if (of.length === 1) return (doc, was) => run(first!(doc, was))
  if (of.length === 2) return (doc, was) => run(first!(doc, was), second!(doc, was))
  if (of.length === 3) return (doc, was) => run(first!(doc, was), second!(doc, was), third!(doc, was))
  return (doc, was) => run(...of.map((each) => each(doc, was)))
}

function compileObject(term: Extract<Term, { term: 'object' }>, environment: Environment): Getter {
  const over = compileTerm(term.over, environment)
  const fields = Object.entries(term.fields).map(([key, each]) => ({ key, value: compileTerm(each, environment) }))
  return (doc, was) => {
    const held = was === undefined ? undefined : open(over(doc, was))
    if (held !== undefined && held !== null && !isFields(held))
      return refuse(term.at, `the other side holds ${kindOf(held)} where an object is needed`)
    const made: Record<string, unknown> = held === undefined || held === null ? {} : { ...held }
    for (let i = 0; i < fields.length; i++) {
      const { key, value } = fields[i]!
      setKey(made, key, value(doc, was))
    }
    return made
  }
}

/** Names that every object answers to although nobody put them there, and an array's length. */
function isTreacherous(key: string): boolean {
  return key in Object.prototype || key === 'length'
}

function setKey(fields: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(fields, key, { value, writable: true, enumerable: true, configurable: true })
  else if (value !== undefined) fields[key] = value
  else if (fields[key] !== undefined) delete fields[key]
}

export function compileGet(path: Path): Getter {
  const [key, ...rest] = path
  if (key === undefined) return (doc) => doc
  const child: Getter = isTreacherous(key)
    ? (doc) => childOf(doc, key)
    : (doc) => (typeof doc === 'object' && doc !== null ? (doc as Fields)[key] : undefined)
  if (rest.length === 0) return child
  return (doc) => {
    let value = child(doc, undefined)
    for (let i = 0; i < rest.length && value !== undefined; i++) value = childOf(value, rest[i]!)
    return value
  }
}

/** Sets at a path. The document is ours; everything below is copied before it is changed. */
export function compileSet(path: Path): (doc: unknown, value: unknown) => unknown {
  const [key, ...rest] = path
  if (key === undefined) return (_doc, value) => value
  const text = showPath(path)
  return (doc, value) => {
    if (doc === undefined || doc === null)
      return value === undefined ? doc : { [key]: setBelow(undefined, rest, value, text) }
    if (!isFields(doc))
      return value === undefined ? doc : refuse(text, `${kindOf(doc)} stands where an object is needed`)
    const made = rest.length === 0 ? value : setBelow(childOf(doc, key), rest, value, text)
    setKey(doc as Record<string, unknown>, key, made)
    return doc
  }
}

function setBelow(below: unknown, path: Path, value: unknown, text: string): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  const held = open(below)
  if (value === undefined && childOf(held, key) === undefined) return below
  if (held === undefined || held === null || isFields(held)) {
    const made: Record<string, unknown> = { ...(held as Fields | null | undefined) }
    setKey(made, key, setBelow(childOf(held, key), rest, value, text))
    return made
  }
  const list: unknown = held
  if (!Array.isArray(list) || childOf(list, key) === undefined || (value === undefined && rest.length === 0)) {
    return refuse(text, `${kindOf(held)} stands where an object is needed`)
  }
  return list.map((item: unknown, i) => (String(i) === key ? setBelow(item, rest, value, text) : item))
}

function compileDrop(path: Path, prune: boolean): Stage {
  const [key] = path
  if (key === undefined) return () => undefined
  if (path.length === 1) {
    return (doc) => {
      if (isFields(doc) && doc[key] !== undefined) (doc as Record<string, unknown>)[key] = undefined
      return doc
    }
  }
  const [set, get] = [compileSet(path), compileGet(path)]
  const parent = path.slice(0, -1)
  const around = compileGet(parent)
  const up = prune ? compileDrop(parent, parent.length > 1) : undefined
  return (doc, was) => {
    if (get(doc, undefined) === undefined) return doc
    const made = set(doc, undefined)
    if (!up) return made
    const left = open(around(made, undefined))
    const keep = was !== undefined && isFields(open(around(was, undefined)))
    return isFields(left) && Object.keys(left).length === 0 && !keep ? up(made, was) : made
  }
}

/** A function named in a lens. Throws `lens.invalid` where it was not handed over. */
export function functionOf(
  reference: string,
  direction: Direction,
  { functions }: Environment,
): (value: unknown, was: unknown, context: unknown) => unknown {
  const found = functions.get(reference)
  if (!found)
    throw new ChangeoverError(
      'lens.invalid',
      `the function "${reference}" was not handed to the lens`,
      'export { forward, backward } under that name',
    )
  return found[direction] as (value: unknown, was: unknown, context: unknown) => unknown
}

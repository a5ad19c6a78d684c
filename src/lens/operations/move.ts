/** rename, move, hoist, plunge: a value stands somewhere else. */
import { z } from 'zod'
import { open } from '../json-text.ts'
import { defineOperation, pathSchema } from '../operation.ts'
import { parsePath, type Path, showPath } from '../path.ts'
import { call, drop, get, type Planned, type Program, put, type Rule, was } from '../program.ts'
import { keepNullSql } from '../sql/compare.ts'

/** Null and absent are one in a column: what the other side holds decides which of its nulls it was. */
const keepNull: Rule = {
  name: 'keep the null there is',
  js: (value: unknown, was: unknown) => (value == null && was !== undefined && open(was) === null ? was : value),
  sql: ([value, was]) => keepNullSql(value!, was),
}

/** What a nested place held (nothing, or null) when its column comes back as null. */
const keepNothing: Rule = {
  name: 'keep the nothing there is',
  js: (value: unknown, was: unknown, around: unknown) =>
    value === null && around !== undefined && (was === undefined || open(was) === null) ? was : value,
  sql: ([value, was, around]) => keepNullSql(value!, was, around),
}

/** Lays a value that came from elsewhere down at `at`, minding how null is spelled there. */
export function lay(at: Path, from: Path): Program {
  if (at.length > 1) return [put(at, call(keepNothing, get(from), was(at), was([])))]
  return [put(at, call(keepNull, get(from), was(at)))]
}

/** `from` to `to`, and back. Objects that the way there had to make are taken away on the way back. */
function moving(from: Path, to: Path): Planned {
  const plain = from.length === 1 && to.length === 1
  return {
    forward: [...(plain ? [put(to, get(from))] : lay(to, from)), drop(from)],
    backward: [...(plain ? [put(from, get(to))] : lay(from, to)), drop(to, to.length > 1)],
  }
}

const moveSchema = z.strictObject({ op: z.literal('move'), from: pathSchema.min(1), to: pathSchema.min(1) }).readonly()
const renameSchema = z
  .strictObject({ op: z.literal('rename'), from: pathSchema.min(1), to: pathSchema.min(1) })
  .readonly()
const fields = z.array(z.string().min(1)).min(1).readonly()
const hoistSchema = z.strictObject({ op: z.literal('hoist'), path: pathSchema.min(1), fields }).readonly()
const plungeSchema = z.strictObject({ op: z.literal('plunge'), path: pathSchema.min(1), fields }).readonly()

const laws = 'all four; an object that only held what was moved away comes back only where it is remembered'

/** `{ op: rename, from: name, to: full_name }`: the value under another name. Renders as SQL. */
export const rename = defineOperation<z.infer<typeof renameSchema>>({
  op: 'rename',
  summary: 'A field under another name. What stood under the new name gives way.',
  laws: 'all four',
  sql: 'yes',
  schema: renameSchema,
  example: { data: { op: 'rename', from: 'name', to: 'full_name' }, a: { name: 'Ann' }, b: { full_name: 'Ann' } },
  plan: (op) => moving(parsePath(op.from), parsePath(op.to)),
  describe: (op) => [`"${op.from}" is renamed to "${op.to}"`],
})

/** `{ op: move, from: email, to: /contact/email }`: the value at another path, nested or not. Renders as SQL. */
export const move = defineOperation<z.infer<typeof moveSchema>>({
  op: 'move',
  summary: 'A value at another path; objects on the way are made, and taken away again on the way back.',
  laws,
  sql: 'yes, except into or out of a position of a list',
  schema: moveSchema,
  example: {
    data: { op: 'move', from: 'email', to: '/contact/email' },
    a: { email: 'a@b' },
    b: { contact: { email: 'a@b' } },
  },
  plan: (op) => moving(parsePath(op.from), parsePath(op.to)),
  describe: (op) => [`"${op.from}" moves to "${op.to}"`],
})

/** `{ op: hoist, path: profile, fields: [email] }`: fields of an object stand beside it. Renders as SQL. */
export const hoist = defineOperation<z.infer<typeof hoistSchema>>({
  op: 'hoist',
  summary: 'Fields of an object come to stand beside the object.',
  laws,
  sql: 'yes',
  schema: hoistSchema,
  example: {
    data: { op: 'hoist', path: 'profile', fields: ['email'] },
    a: { profile: { email: 'a@b', age: 3 } },
    b: { profile: { age: 3 }, email: 'a@b' },
  },
  plan: (op) => hoisting(op.path, op.fields),
  describe: (op) => op.fields.map((field) => `"${field}" is lifted out of "${op.path}"`),
})

/** `{ op: plunge, path: profile, fields: [email] }`: fields go into an object that stands beside them. Renders as SQL. */
export const plunge = defineOperation<z.infer<typeof plungeSchema>>({
  op: 'plunge',
  summary: 'Fields go into an object that stands beside them, which is made where it is missing.',
  laws,
  sql: 'yes',
  schema: plungeSchema,
  example: {
    data: { op: 'plunge', path: 'profile', fields: ['email'] },
    a: { email: 'a@b' },
    b: { profile: { email: 'a@b' } },
  },
  plan: (op) => {
    const host = parsePath(op.path)
    const parts = op.fields.map((field) => moving([...host.slice(0, -1), field], [...host, field]))
    return { forward: parts.flatMap((part) => part.forward), backward: parts.flatMap((part) => part.backward) }
  },
  describe: (op) => op.fields.map((field) => `"${field}" goes into "${showPath(parsePath(op.path))}"`),
})

function hoisting(path: string, names: readonly string[]): Planned {
  const host = parsePath(path)
  const parts = names.map((field) => moving([...host, field], [...host.slice(0, -1), field]))
  return { forward: parts.flatMap((part) => part.forward), backward: parts.flatMap((part) => part.backward) }
}

/** wrap and unwrap: one value, or a list of at most one and more. */
import { z } from 'zod'
import { open } from '../json-text.ts'
import { defineOperation, pathSchema } from '../operation.ts'
import { kindOf, parsePath, refuse } from '../path.ts'
import { call, get, type Planned, put, reversed, type Rule, was } from '../program.ts'
import { sameValue } from '../same.ts'
import { firstSql, listSql } from '../sql/lists.ts'

const wrapSchema = z.strictObject({ op: z.literal('wrap'), path: pathSchema }).readonly()
const unwrapSchema = z.strictObject({ op: z.literal('unwrap'), path: pathSchema }).readonly()

/** The first item is the value; the others are the list's own and stay. */
function into(): Rule {
  return {
    name: 'wrap',
    js: (value: unknown, was: unknown) => {
      if (value === undefined) return undefined
      const held = open(was)
      const [first, ...rest] = Array.isArray(held) ? (held as readonly unknown[]) : []
      const none = open(value) === null
      if (Array.isArray(held) && (none ? first == null : sameValue(first, value))) return was
      return none && rest.length === 0 ? [] : [none ? null : value, ...rest]
    },
    sql: ([value, held]) => listSql(value!, held!),
  }
}

function outOf(path: string): Rule {
  return {
    name: 'unwrap',
    js: (value: unknown) => {
      const list = open(value)
      if (list === undefined || list === null) return list
      if (!Array.isArray(list)) return refuse(path, `${kindOf(list)} where a list is needed`)
      return (list[0] as unknown) ?? null
    },
    sql: ([value], misfit) => firstSql(path, value!, misfit),
  }
}

function wrapping(text: string): Planned {
  const path = parsePath(text)
  return {
    forward: [put(path, call(into(), get(path), was(path)))],
    backward: [put(path, call(outOf(text), get(path)))],
    lost: { backward: [text] },
  }
}

const laws =
  'all four; of a list only the first item comes back where it is not remembered; null is the empty list, and so is a list of one null'

/** `{ op: wrap, path: email }`: a value becomes the first item of a list. Renders as SQL for jsonb. */
export const wrap = defineOperation<z.infer<typeof wrapSchema>>({
  op: 'wrap',
  summary: 'A value becomes the first item of a list; items that the list has besides stay.',
  laws,
  sql: 'yes for jsonb; not into an array column',
  schema: wrapSchema,
  example: { data: { op: 'wrap', path: 'email' }, a: { email: 'a@b' }, b: { email: ['a@b'] } },
  plan: (op) => wrapping(op.path),
  describe: (op) => [`"${op.path}" becomes a list of one`],
})

/** `{ op: unwrap, path: emails }`: the first item of a list stands alone. Renders as SQL for jsonb. */
export const unwrap = defineOperation<z.infer<typeof unwrapSchema>>({
  op: 'unwrap',
  summary: 'The first item of a list becomes the value; the others stay with the list.',
  laws,
  sql: 'yes for jsonb; not out of an array column',
  schema: unwrapSchema,
  example: { data: { op: 'unwrap', path: 'email' }, a: { email: ['a@b'] }, b: { email: 'a@b' } },
  plan: (op) => reversed(wrapping(op.path)),
  describe: (op) => [`the first item of "${op.path}" becomes its value`],
})

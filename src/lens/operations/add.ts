/** add and remove: a field that only one side has. */
import { z } from 'zod'
import type { Json } from '../../core/json.ts'
import { open } from '../json-text.ts'
import { defineOperation, jsonSchema, pathSchema } from '../operation.ts'
import { parsePath } from '../path.ts'
import { call, constant, drop, get, type Planned, put, reversed, type Rule, type Term, was } from '../program.ts'
import { coalesceSql } from '../sql/compare.ts'
import { uuidOf } from '../uuid.ts'

const shape = {
  path: pathSchema.min(1),
  /** A constant. */
  default: jsonSchema.optional(),
  /** The instant of the run, the same for all rows. */
  now: z.literal(true).optional(),
  /** A UUID of these fields' values: the same row gets the same one, always. */
  uuid: z.array(pathSchema.min(1)).min(1).readonly().optional(),
  /** True: a null on the side that has the field is a value and stays, instead of giving way to the default. */
  nullable: z.boolean().optional(),
}
const oneDefault = (op: { default?: unknown; now?: unknown; uuid?: unknown }) =>
  [op.default, op.now, op.uuid].filter((each) => each !== undefined).length <= 1
const tooMany = { error: 'a field has one default: "default", "now" or "uuid"' }

const addSchema = z
  .strictObject({ op: z.literal('add'), ...shape })
  .refine(oneDefault, tooMany)
  .readonly()
const removeSchema = z
  .strictObject({ op: z.literal('remove'), ...shape })
  .refine(oneDefault, tooMany)
  .readonly()
type Adding = Omit<z.infer<typeof addSchema>, 'op'>

/** Null in a column not filled yet is not known: the default. Where null is a value, only what is absent is not known. */
const known: Rule = {
  name: 'what the other side knows',
  js: (was: unknown, fallback: unknown) => (was === undefined || open(was) === null ? fallback : was),
  sql: ([was, fallback]) => coalesceSql(was!, fallback!, 'null is not known'),
}
export const knownOrNull: Rule = {
  name: 'what the other side knows, null included',
  js: (was: unknown, fallback: unknown) => (was === undefined ? fallback : was),
  sql: ([was, fallback]) => coalesceSql(was!, fallback!, 'null is known'),
}

function adding(op: Adding): Planned {
  const path = parsePath(op.path)
  const fallback = defaultOf(op)
  return {
    forward: [put(path, call(op.nullable ? knownOrNull : known, was(path), fallback))],
    backward: [drop(path, path.length > 1)],
    lost: { backward: [op.path] },
  }
}

function defaultOf(op: Adding): Term {
  if (op.now) return { term: 'now' }
  if (op.uuid) return call(uuidOf(op.path), ...op.uuid.map((each) => get(parsePath(each))))
  return constant((op.default ?? null) as Json)
}

function words(op: Adding): string {
  if (op.now) return 'the instant of the run'
  return op.uuid ? `a UUID of ${op.uuid.map((each) => `"${each}"`).join(', ')}` : JSON.stringify(op.default ?? null)
}

const laws =
  'all four where the other side is remembered; a null that was not filled yet gives way to the default unless "nullable"'

/** `{ op: add, path: tier, default: basic }`: a field that only the new side has; what it knows stays, else the default. Renders as SQL. */
export const add = defineOperation<z.infer<typeof addSchema>>({
  op: 'add',
  summary:
    'A field that only the new side has: what it holds stays, otherwise a constant, the instant of the run, or a UUID fixed for the row.',
  laws,
  sql: 'yes; "uuid" of text, whole number, boolean and uuid columns',
  schema: addSchema,
  example: { data: { op: 'add', path: 'tier', default: 'basic' }, a: { id: 1 }, b: { id: 1, tier: 'basic' } },
  plan: adding,
  describe: (op) => [`"${op.path}" is added: ${words(op)} where it is not known`],
})

/** `{ op: remove, path: legacy_flag }`: a field that only the old side has, remembered there. Renders as SQL. */
export const remove = defineOperation<z.infer<typeof removeSchema>>({
  op: 'remove',
  summary:
    'A field that only the old side has: it stays there, and is lost (or its default) where the old side is not remembered.',
  laws,
  sql: 'yes, as "add"',
  schema: removeSchema,
  example: { data: { op: 'remove', path: 'legacy', default: 'x' }, a: { id: 1, legacy: 'x' }, b: { id: 1 } },
  plan: (op) => reversed(adding(op)),
  describe: (op) => [`"${op.path}" is left behind: ${words(op)} on the way back where it is not remembered`],
})

/** object: one value made of several fields, constants and the instant of the run; the record around an old value. */
import { z } from 'zod'
import type { Json } from '../../core/json.ts'
import { defineOperation, jsonSchema, pathSchema } from '../operation.ts'
import { parsePath, type Path, showPath } from '../path.ts'
import { call, constant, drop, get, type Planned, put, type Term, was } from '../program.ts'
import { uuidOf } from '../uuid.ts'
import { knownOrNull } from './add.ts'
import { lay } from './move.ts'

/** Where a field of the object comes from. */
export type Source =
  | { readonly from: string }
  | { readonly constant: Json }
  | { readonly now: true }
  | { readonly uuid: readonly string[] }
  | { readonly fields: { readonly [name: string]: Source } }

const source: z.ZodType<Source> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ from: pathSchema.min(1) }),
      z.strictObject({ constant: jsonSchema as z.ZodType<Json> }),
      z.strictObject({ now: z.literal(true) }),
      z.strictObject({ uuid: z.array(pathSchema.min(1)).min(1).readonly() }),
      z.strictObject({ fields: z.record(z.string(), source) }),
    ],
    {
      error:
        'a field comes from one of { from: path }, { constant: value }, { now: true }, { uuid: [paths] }, { fields: {…} }',
    },
  ),
)
const schema = z
  .strictObject({ op: z.literal('object'), to: pathSchema.min(1), fields: z.record(z.string(), source).readonly() })
  .readonly()
type ObjectOf = z.infer<typeof schema>

/**
 * `{ op: object, to: consent_records, fields: { version: { constant: "4.0" }, consentGiven: { from: consent_given }, timestamp: { now: true } } }`.
 * What is taken `from` a field is written anew each time; constants and instants are only set where the other side holds none.
 */
export const object = defineOperation<ObjectOf>({
  op: 'object',
  summary:
    'An object made of fields, constants, the instant of the run and UUIDs. What the new side added to it or changed in it, stays.',
  laws: 'all four; the way back takes the fields out again, and what only the object knows is lost where it is not remembered',
  sql: 'yes',
  schema,
  example: {
    data: { op: 'object', to: 'consent', fields: { version: { constant: '4.0' }, given: { from: 'consent_given' } } },
    a: { consent_given: true },
    b: { consent: { version: '4.0', given: true } },
  },
  plan: building,
  describe: (op) =>
    Object.entries(op.fields).map(([name, each]) => `"${op.to}" is an object: "${name}" ${words(each)}`),
})

function building(op: ObjectOf): Planned {
  const to = parsePath(op.to)
  const leaves = leavesOf(op.fields, [])
  const taken = leaves.flatMap(({ at, source }) => ('from' in source ? [{ at, from: parsePath(source.from) }] : []))
  return {
    forward: [put(to, treeOf(to, op.fields)), ...taken.map(({ from }) => drop(from))],
    backward: [...taken.flatMap(({ at, from }) => lay(from, [...to, ...at])), drop(to, to.length > 1)],
    lost: { backward: leaves.filter(({ source }) => !('from' in source)).map(({ at }) => showPath([...to, ...at])) },
  }
}

interface Leaf {
  readonly at: Path
  readonly source: Exclude<Source, { fields: unknown }>
}

function leavesOf(fields: { readonly [name: string]: Source }, at: Path): readonly Leaf[] {
  return Object.entries(fields).flatMap(([name, source]) =>
    'fields' in source ? leavesOf(source.fields, [...at, name]) : [{ at: [...at, name], source }],
  )
}

/** Over what the other side holds: what is asked for is written, what is missing is filled, the rest stays. */
function treeOf(at: Path, fields: { readonly [name: string]: Source }): Term {
  const terms = Object.entries(fields).map(([name, source]): [string, Term] => {
    const place = [...at, name]
    if ('fields' in source) return [name, treeOf(place, source.fields)]
    if ('from' in source) return [name, get(parsePath(source.from))]
    return [name, call(knownOrNull, was(place), fillerOf(showPath(place), source))]
  })
  return { term: 'object', at: showPath(at), over: was(at), fields: Object.fromEntries(terms) }
}

function fillerOf(path: string, source: Exclude<Leaf['source'], { from: unknown }>): Term {
  if ('uuid' in source) return call(uuidOf(path), ...source.uuid.map((each) => get(parsePath(each))))
  return 'now' in source ? { term: 'now' } : constant(source.constant)
}

function words(source: Source): string {
  if ('from' in source) return `from "${source.from}"`
  if ('constant' in source) return `is ${JSON.stringify(source.constant)} where it is not known`
  if ('uuid' in source) return `is a UUID of ${source.uuid.join(', ')}`
  return 'now' in source
    ? 'is the instant of the run where it is not known'
    : `is an object of ${Object.keys(source.fields).join(', ')}`
}

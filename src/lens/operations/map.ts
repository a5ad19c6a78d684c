/** map: one value for another, by a table. */
import { z } from 'zod'
import type { Json } from '../../core/json.ts'
import { defineOperation, jsonSchema, pathSchema } from '../operation.ts'
import { kindOf, parsePath, refuse } from '../path.ts'
import { call, get, type Planned, put, type Rule, was } from '../program.ts'
import { remembering, type Half } from '../remember.ts'
import { sameValue } from '../same.ts'
import { tableSql } from '../sql/table.ts'

export type Pairs = readonly (readonly [Json, Json])[]

const pair = z.tuple([jsonSchema, jsonSchema]).readonly()
const schema = z
  .strictObject({
    op: z.literal('map'),
    path: pathSchema,
    /** Texts by the texts they become. */
    table: z.record(z.string(), jsonSchema).readonly().optional(),
    /** The same for values that are no texts. */
    pairs: z.array(pair).min(1).readonly().optional(),
    /** What comes back for a value that several lead to; without it the first that leads there. */
    inverse: z.record(z.string(), jsonSchema).readonly().optional(),
    /** What becomes of a value that the table does not name: `refuse` (the default), or `keep` as it is. */
    others: z.enum(['refuse', 'keep']).optional(),
  })
  .refine((op) => (op.table === undefined) !== (op.pairs === undefined), {
    error: 'a map has either a "table" or "pairs"',
  })
  .readonly()
type MapValues = z.infer<typeof schema>

/** `{ op: map, path: status, table: { on: ACTIVE, off: DISABLED } }`: values by a table. Renders as SQL. */
export const map = defineOperation<MapValues>({
  op: 'map',
  summary: 'One value for another by a table; what the table does not name is refused, or kept. Null stays null.',
  laws: 'all four where the table is one to one; else 1 and 2, and a value stays as it was spelled while it means the same (so not 3); without memory the way back is the inverse, or the first',
  sql: 'yes, for texts, numbers and booleans',
  schema,
  example: {
    data: { op: 'map', path: 'status', table: { on: 'ACTIVE', off: 'DISABLED' } },
    a: { status: 'on' },
    b: { status: 'ACTIVE' },
  },
  plan: mapping,
  describe: (op) => {
    const pairs = pairsOf(op).map(([from, to]) => `${JSON.stringify(from)} → ${JSON.stringify(to)}`)
    return [`"${op.path}" by a table: ${pairs.join(', ')}; others are ${op.others === 'keep' ? 'kept' : 'refused'}`]
  },
})

function pairsOf(op: MapValues): Pairs {
  return op.pairs ?? Object.entries(op.table ?? {}).map(([from, to]) => [from, to as Json] as const)
}

function mapping(op: MapValues): Planned {
  const there = pairsOf(op)
  const named = Object.entries(op.inverse ?? {}).map(([to, from]) => [to, from as Json] as const)
  const back: Pairs = [...named, ...there.map(([from, to]) => [to, from] as const)].filter(
    ([to], i, all) => all.findIndex(([other]) => sameValue(to, other)) === i,
  )
  const forward = half(op, there, back)
  const backward = half(op, back, there)
  const path = parsePath(op.path)
  return {
    forward: [put(path, call(remembering('map', forward, backward), get(path), was(path)))],
    backward: [put(path, call(remembering('map', backward, forward), get(path), was(path)))],
    lost: { forward: forward.merges ? [op.path] : [], backward: backward.merges ? [op.path] : [] },
  }
}

/** Merges where a value does not come back as itself. A value that is kept must not be mistaken for one that was mapped. */
function half(op: MapValues, pairs: Pairs, back: Pairs): Half {
  const returns = ([from, to]: Pairs[number]) => back.some(([b, a]) => sameValue(b, to) && sameValue(a, from))
  return {
    js: lookup(op.path, pairs, back, op.others ?? 'refuse'),
    sql: tableSql(op.path, pairs, back, op.others ?? 'refuse'),
    merges: !pairs.every(returns),
  }
}

function lookup(
  path: string,
  pairs: Pairs,
  back: Pairs,
  others: 'refuse' | 'keep',
): Rule['js'] & ((value: unknown) => unknown) {
  const quick = new Map<unknown, Json>(pairs.map(([from, to]) => [from, to]))
  const taken = new Set<unknown>(back.map(([to]) => to))
  return (value: unknown) => {
    const found = quick.get(value)
    if (found !== undefined) return found
    const slow = typeof value === 'string' ? undefined : pairs.find(([from]) => sameValue(from, value))
    if (slow) return slow[1]
    if (others === 'keep' && !taken.has(value)) return value
    return refuse(
      path,
      others === 'keep'
        ? `${kindOf(value)} that would come back as another value`
        : `${kindOf(value)} that the table does not name`,
    )
  }
}

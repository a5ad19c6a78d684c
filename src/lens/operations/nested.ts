/** each, when, pick, compose, fn: operations around other lenses, and around a person's own functions. */
import { z } from 'zod'
import type { Json } from '../../core/json.ts'
import { defineOperation, jsonSchema, type OperationKind, pathSchema } from '../operation.ts'
import type { LensData } from '../operations.ts'
import { parsePath } from '../path.ts'
import type { Test } from '../program.ts'

export interface Each {
  readonly op: 'each'
  readonly path: string
  /** The field that tells items apart on the old side, and on the new one where it is another. Without: the place. */
  readonly key?: string | undefined
  readonly keyThere?: string | undefined
  readonly do: LensData
}
/** What a field must hold: a value, one of several, or anything at all. */
export interface Condition {
  readonly path: string
  readonly is?: Json | undefined
  readonly in?: readonly Json[] | undefined
  readonly exists?: boolean | undefined
}
export interface When {
  readonly op: 'when'
  readonly if: Condition
  /** The condition that tells the same on the new side; needed where the lens changes the field that `if` looks at. */
  readonly ifThere?: Condition | undefined
  readonly do: LensData
  readonly otherwise?: LensData | undefined
}
export interface Compose {
  readonly op: 'compose'
  readonly name?: string | undefined
  readonly do: LensData
}

const condition: z.ZodType<Condition> = z
  .strictObject({
    path: pathSchema,
    is: jsonSchema.optional(),
    in: z.array(jsonSchema).optional(),
    exists: z.boolean().optional(),
  })
  .refine((it) => [it.is, it.in, it.exists].filter((each) => each !== undefined).length === 1, {
    error: 'a condition says one of "is", "in", "exists"',
  }) as z.ZodType<Condition>

function testOf(it: Condition): Test {
  return { path: parsePath(it.path), in: it.is === undefined ? it.in : [it.is], exists: it.exists }
}

/** The operations that hold a lens need its schema, which needs them: it comes as an argument. */
export function each(lens: z.ZodType<LensData>): OperationKind<Each> {
  return defineOperation<Each>({
    op: 'each',
    summary:
      'A lens on every item of a list (or every value of an object). Items meet their memory by key, else by place.',
    laws: 'those of the lens inside, for items that are paired; an item that has no pair is made as new',
    sql: 'no: PostgreSQL has no plain expression that pairs items',
    schema: z
      .strictObject({
        op: z.literal('each'),
        path: pathSchema,
        key: pathSchema.optional(),
        keyThere: pathSchema.optional(),
        do: lens,
      })
      .readonly(),
    example: {
      data: { op: 'each', path: 'items', key: 'id', do: [{ op: 'rename', from: 'qty', to: 'quantity' }] },
      a: { items: [{ id: 1, qty: 2 }] },
      b: { items: [{ id: 1, quantity: 2 }] },
    },
    plan: ({ path, key, keyThere, do: inner }) => {
      const [a, b] = [key, keyThere ?? key].map((text) => (text === undefined ? undefined : parsePath(text)))
      const at = parsePath(path)
      return {
        forward: [{ edit: 'each', at, key: a, there: b, lens: inner }],
        backward: [{ edit: 'each', at, key: b, there: a, lens: inner }],
      }
    },
    describe: (op) => [`each item of "${op.path}"${op.key === undefined ? '' : ` (told apart by "${op.key}")`}`],
  })
}

export function when(lens: z.ZodType<LensData>): OperationKind<When> {
  return defineOperation<When>({
    op: 'when',
    summary: 'A lens where a field holds a value, and another one (or none) where it does not.',
    laws: 'those of the lenses inside while the condition stays as it is; a write that changes it starts without memory',
    sql: 'as the lenses inside',
    schema: z
      .strictObject({
        op: z.literal('when'),
        if: condition,
        ifThere: condition.optional(),
        do: lens,
        otherwise: lens.optional(),
      })
      .readonly(),
    example: {
      data: { op: 'when', if: { path: 'kind', is: 'card' }, do: [{ op: 'rename', from: 'no', to: 'number' }] },
      a: { kind: 'card', no: '1' },
      b: { kind: 'card', number: '1' },
    },
    plan: (op) => {
      const [test, there] = [testOf(op.if), testOf(op.ifThere ?? op.if)]
      const inner = { edit: 'when', matched: op.do, otherwise: op.otherwise ?? [] } as const
      return { forward: [{ ...inner, test, there }], backward: [{ ...inner, test: there, there: test }] }
    },
    describe: (op) => [`where "${op.if.path}" ${conditionWords(op.if)}`],
  })
}

function conditionWords(it: Condition): string {
  if (it.exists !== undefined) return it.exists ? 'is there' : 'is not there'
  return it.in ? `is one of ${JSON.stringify(it.in)}` : `is ${JSON.stringify(it.is)}`
}

export function compose(lens: z.ZodType<LensData>): OperationKind<Compose> {
  return defineOperation<Compose>({
    op: 'compose',
    summary: 'Several operations under one name, one after the other.',
    laws: 'those of the operations inside',
    sql: 'as the operations inside',
    schema: z.strictObject({ op: z.literal('compose'), name: z.string().optional(), do: lens }).readonly(),
    example: {
      data: { op: 'compose', name: 'names', do: [{ op: 'rename', from: 'a', to: 'b' }] },
      a: { a: 1 },
      b: { b: 1 },
    },
    plan: () => ({ forward: [], backward: [] }),
    describe: (op) => [op.name ?? 'together'],
  })
}

const pickSchema = z
  .strictObject({ op: z.literal('pick'), fields: z.array(z.string().min(1)).min(1).readonly() })
  .readonly()

/** `{ op: pick, fields: [id, name] }`: only these go on; the others are the old side's own. Renders as SQL. */
export const pick = defineOperation<z.infer<typeof pickSchema>>({
  op: 'pick',
  summary:
    'Closes the shape: only these fields go on. The others stay on the old side, and come back where it is remembered.',
  laws: 'all four; what is not picked is lost where it is not remembered',
  sql: 'yes',
  schema: pickSchema,
  example: { data: { op: 'pick', fields: ['id'] }, a: { id: 1, note: 'x' }, b: { id: 1 } },
  plan: ({ fields }) => ({
    forward: [{ edit: 'only', fields }],
    backward: [
      { edit: 'only', fields },
      { edit: 'rest', fields },
    ],
    lost: { forward: [`/*`] },
  }),
  describe: (op) => [`only ${op.fields.map((field) => `"${field}"`).join(', ')} go on`],
})

const names = z.array(z.string().min(1)).min(1).readonly()
const fnSchema = z
  .strictObject({
    op: z.literal('fn'),
    ref: z.string().regex(/^.+#[\w$]+$/, { error: 'a function is named as ./file.ts#name' }),
    path: pathSchema.optional(),
    takes: names.optional(),
    gives: names.optional(),
  })
  .refine((op) => (op.takes === undefined) === (op.gives === undefined), {
    error: '"takes" and "gives" belong together',
  })
  .refine((op) => op.path === undefined || op.takes === undefined, {
    error: 'a function works on a "path", or it "takes" and "gives" fields',
  })
  .readonly()

/** `{ op: fn, ref: ./lens.ts#name, path: address }`: a pair of TypeScript functions, on a value, on some fields, or on the whole row. */
export const fn = defineOperation<z.infer<typeof fnSchema>>({
  op: 'fn',
  summary:
    'A pair of TypeScript functions `{ forward(value, was?, context?), backward(value, was?, context?), lost? }`, asynchronous or not.',
  laws: 'what the functions keep; checked on samples',
  sql: 'no',
  schema: fnSchema,
  example: { data: { op: 'fn', ref: './lens.ts#address', path: 'address' }, a: {}, b: {} },
  plan: ({ ref: reference, path, takes, gives }) => {
    if (path !== undefined) {
      const edit = { edit: 'value', reference, at: parsePath(path) } as const
      return { forward: [edit], backward: [edit] }
    }
    return {
      forward: [{ edit: 'fields', reference, takes, gives }],
      backward: [{ edit: 'fields', reference, takes: gives, gives: takes }],
    }
  },
  describe: (op) => {
    const what =
      op.path === undefined ? (op.takes?.map((each) => `"${each}"`).join(', ') ?? 'the whole row') : `"${op.path}"`
    return [`${what} by ${op.ref}${op.gives ? ` to ${op.gives.map((each) => `"${each}"`).join(', ')}` : ''}`]
  },
})

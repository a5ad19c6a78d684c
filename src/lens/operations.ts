/** The one table of operations. The schema, the plans, the descriptions and the reference page come from it. */
import { z } from 'zod'
import { ChangeoverError, suggestion } from '../core/errors.ts'
import type { OperationKind } from './operation.ts'
import { add, remove } from './operations/add.ts'
import { convert } from './operations/convert.ts'
import { map } from './operations/map.ts'
import { hoist, move, plunge, rename } from './operations/move.ts'
import { type Compose, compose, type Each, each, fn, pick, type When, when } from './operations/nested.ts'
import { object } from './operations/object.ts'
import { join, split } from './operations/split.ts'
import { template } from './operations/template.ts'
import { unwrap, wrap } from './operations/wrap.ts'

const simple = {
  rename,
  move,
  hoist,
  plunge,
  add,
  remove,
  map,
  convert,
  wrap,
  unwrap,
  split,
  join,
  template,
  object,
  pick,
  fn,
} as const
type Simple = (typeof simple)[keyof typeof simple] extends infer Kind
  ? Kind extends OperationKind<infer Op>
    ? Op
    : never
  : never

/** One operation as plain data: `op` says which, see `operationKinds`. */
export type Operation = Simple | Each | When | Compose
/** A lens as plain JSON, the spelling of YAML plans: operations, one after the other. */
export type LensData = readonly Operation[]

const inner: z.ZodType<LensData> = z.lazy(() => lensSchema)

/** Every operation by its name. */
export const operationKinds: { readonly [op in Operation['op']]: OperationKind } = {
  ...simple,
  each: each(inner),
  when: when(inner),
  compose: compose(inner),
} as { readonly [op in Operation['op']]: OperationKind<never> } as { readonly [op in Operation['op']]: OperationKind }

const operationNames = Object.keys(operationKinds) as readonly Operation['op'][]

const operationSchema: z.ZodType<Operation> = z.unknown().transform((value, context): Operation => {
  const name = typeof value === 'object' && value !== null && 'op' in value ? value.op : undefined
  const kind = operationNames.find((each) => each === name)
  if (kind === undefined) {
    context.addIssue({ code: 'custom', path: ['op'], message: unknownOperation(name) })
    return z.NEVER
  }
  const parsed = operationKinds[kind].schema.safeParse(value)
  for (const issue of parsed.error?.issues ?? []) context.addIssue({ ...issue, message: wording(kind, issue) } as never)
  return parsed.success ? (parsed.data as Operation) : z.NEVER
}) as unknown as z.ZodType<Operation>

/** Checks plain data. Errors name the operation, the key and what would be right. */
export const lensSchema: z.ZodType<LensData> = z.array(operationSchema).readonly()

function unknownOperation(name: unknown): string {
  if (typeof name !== 'string') return `an operation says which it is: "op" is one of ${operationNames.join(', ')}`
  return `no operation is called "${name}"${suggestion(name, operationNames)}; there are ${operationNames.join(', ')}`
}

function wording(op: Operation['op'], issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message
  const shape = Object.keys(operationKinds[op].example.data)
  return issue.keys
    .map(
      (key) =>
        `"${op}" has no key "${key}"${suggestion(key, shape)}; an example: ${JSON.stringify(operationKinds[op].example.data)}`,
    )
    .join('; ')
}

/** The lens, or `lens.invalid` with the place of each fault. */
export function readLens(data: unknown): LensData {
  const parsed = lensSchema.safeParse(data)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(
    (issue) => `at ${issue.path.length === 0 ? 'the top' : issue.path.join('.')}: ${issue.message}`,
  )
  throw new ChangeoverError(
    'lens.invalid',
    `the lens is not well formed: ${faults.join('; ')}`,
    'mend the operation at that place; `changeover docs lens` lists them all',
  )
}

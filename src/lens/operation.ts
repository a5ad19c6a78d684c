/** What an operation is: one entry of the table that the schema, the compiler, the descriptions and the reference come from. */
import { z } from 'zod'
import type { Planned } from './program.ts'

export interface OperationKind<Op extends { readonly op: string } = { readonly op: string }> {
  readonly op: Op['op']
  /** One sentence for the reference. */
  readonly summary: string
  /** Which of the four laws it keeps, and where it cannot. */
  readonly laws: string
  /** Whether it renders as SQL, and when it does not. */
  readonly sql: string
  readonly schema: z.ZodType<Op>
  /** A spelling, and a pair of documents that it leads to and from one another. */
  readonly example: { readonly data: Op; readonly a: object; readonly b: object }
  plan(op: Op): Planned
  describe(op: Op): readonly string[]
}

/** The type inference of an operation; the value itself is returned. */
export function defineOperation<Op extends { readonly op: string }>(kind: OperationKind<Op>): OperationKind<Op> {
  return kind
}

/** A path in a plan: a field's name or a JSON pointer, checked for its spelling. */
export const pathSchema = z.string().refine((text) => !/~(?![012])/.test(text) || !text.startsWith('/'), {
  error: 'a JSON pointer spells "~" as "~0", "/" as "~1" and "*" as "~2"',
})
export const jsonSchema = z.json()

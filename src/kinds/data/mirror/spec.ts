/** What a person writes for `data.mirror`, and what the plan makes of it. */
import { z } from 'zod'
import type { Json } from '../../../core/json.ts'
import { lensSchema } from '../../../lens/index.ts'
import type { Touched } from '../../../rows/index.ts'
import type { Installation, MirrorShape } from '../../../mirror/index.ts'

export const mirrorSpec = z.strictObject({
  table: z.string().min(1).describe('the table of the old shape, `schema.name` or a name of `public`'),
  into: z
    .string()
    .min(1)
    .optional()
    .describe('the table of the new shape; without one, both shapes are columns of one row'),
  lens: (lensSchema as unknown as z.ZodType<Json>).describe('how the old shape becomes the new one'),
  key: z
    .record(z.string(), z.string())
    .default({})
    .describe('how columns of the key are called in the other table, where they are not the same'),
  name: z
    .string()
    .min(1)
    .optional()
    .describe('what its triggers and functions are called; made of the tables where none is given'),
  decides: z
    .enum(['old', 'new'])
    .default('new')
    .describe(
      'whose value counts where one statement changes both shapes and `changeover.version` says nothing: who knows both is the new version',
    ),
  versions: z
    .strictObject({ old: z.string().min(1), new: z.string().min(1) })
    .default({ old: 'old', new: 'new' })
    .describe(
      'what `changeover.version` may say besides `old` and `new`: ALTER ROLE app_v4 SET changeover.version = …',
    ),
  lockMs: z
    .int()
    .min(1)
    .max(10_000)
    .default(50)
    .describe('how long one try may wait for its lock, in milliseconds: as long may a writer wait behind it'),
  patienceMs: z.int().min(0).default(120_000).describe('how long it is tried, in milliseconds'),
})

export type MirrorSpec = z.output<typeof mirrorSpec>

/**
 * `row`: one trigger before the write. `tables`: triggers after it carry each write over. `notes`: the lens has no SQL, so that triggers note
 * what changed and a worker applies the lens.
 */
export type MirrorWork = {
  readonly mode: 'row' | 'tables' | 'notes'
  readonly why: string
  readonly shape: MirrorShape
  readonly install: Installation
  readonly lens: Json
  /** Columns whose values are the key, on both sides, and the types of both sides. */
  readonly types: {
    readonly a: { readonly [column: string]: string }
    readonly b: { readonly [column: string]: string }
  }
  /** Columns that the lens makes, with their expressions over `s` (old) and `t` (new), or `s` alone in one row. Empty where it has no SQL. */
  readonly made: readonly { readonly column: string; readonly expression: string }[]
  /** Expression over the new side's alias: it was written already. */
  readonly written: string
  /** How rows of both sides, and what the SQL makes, are read for the lens; types of this database that are read as their label. */
  readonly touched: {
    readonly a: readonly Touched[]
    readonly b: readonly Touched[]
    readonly made: readonly Touched[]
  }
  readonly enums: readonly string[]
  readonly lockMs: number
  readonly patienceMs: number
}

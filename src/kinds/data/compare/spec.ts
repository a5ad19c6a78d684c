/** What a person writes for `data.compare`, and what the plan makes of it. */
import { z } from 'zod'
import type { Json } from '../../../core/json.ts'
import type { Look, Relation } from '../../../compare/index.ts'
import type { KeyColumn } from '../../../rows/index.ts'

const names = z.array(z.string().min(1)).min(1)

const pair = z.strictObject({
  source: z.string().min(1).describe('`schema.name` of the table that is right'),
  target: z
    .string()
    .min(1)
    .optional()
    .describe('the table that is compared with it; the same name where none is given'),
  key: z
    .record(z.string(), z.string())
    .default({})
    .describe('how columns of the key are called in the target, where they are not the same'),
  columns: names
    .optional()
    .describe('columns that are compared; all that both have, and that compute not themselves, where none is named'),
  lens: z
    .custom<Json>((value) => value !== undefined)
    .optional()
    .describe('the target must be what this lens makes of the source'),
  where: z
    .strictObject({ source: z.string().optional(), target: z.string().optional() })
    .default({})
    .describe('conditions in SQL: only these rows'),
  critical: z.array(z.string()).default([]).describe('fields of which not one may differ, whatever is tolerated'),
  tolerance: z.int().min(0).default(0).describe('rows that may differ'),
  show: z
    .union([z.boolean(), names])
    .default(false)
    .describe('columns whose values may be shown for rows that differ; `true` for all'),
})

const relation = z.strictObject({
  table: z.string().min(1),
  columns: names,
  references: z.string().min(1).describe('`schema.name` of the table that is referred to'),
  by: names.describe('its columns'),
})

const rule = z.strictObject({
  name: z.string().min(1),
  sql: z.string().min(1).describe('a SELECT that must find no rows'),
  on: z.enum(['source', 'target']).default('target'),
})

export const compareSpec = z.strictObject({
  tables: z.array(pair).default([]),
  relations: z
    .union([z.literal('declared'), z.literal('none'), z.array(relation)])
    .default('declared')
    .describe(
      'orphans: of the foreign keys that the compared tables declare in the target, or of joins that are named',
    ),
  rules: z.array(rule).default([]).describe('business rules'),
  batchSize: z.int().min(1).default(50_000).describe('rows of a chunk'),
  most: z.int().min(1).max(10_000).default(50).describe('rows that are listed for each table'),
  patienceMs: z
    .int()
    .min(0)
    .default(2000)
    .describe('between two databases: how long a difference may take to go away by itself'),
})

export type CompareSpec = z.output<typeof compareSpec>

/** Two looks at the same rows, `s.` and `t.` their aliases, and the columns that chunks are cut by. No key: compared as a whole. */
export type PairWork = {
  readonly source: string
  readonly target: string
  readonly key: readonly KeyColumn[]
  readonly targetKey: readonly KeyColumn[]
  /** The source as a FROM item with alias `s`, to cut chunks from. */
  readonly cut: string
  readonly left: Look
  readonly right: Look
  readonly critical: readonly string[]
  readonly tolerance: number
  readonly show: readonly string[]
}

export type RuleWork = { readonly name: string; readonly sql: string; readonly on: 'source' | 'target' }

export type CompareWork = {
  /** Both roles are one database: then one snapshot sees both sides. */
  readonly same: boolean
  readonly tables: readonly PairWork[]
  readonly relations: readonly Relation[]
  readonly rules: readonly RuleWork[]
  readonly batchSize: number
  readonly most: number
  readonly patienceMs: number
}

/** What was found in one table. `different` counts rows; `listed` is at most `most` of them. */
export type TableResult = {
  readonly source: number
  readonly target: number
  readonly different: number
  readonly critical: number
  readonly listed: readonly ListedRow[]
}

export type ListedRow = {
  readonly key: readonly (string | null)[]
  readonly why: 'missing' | 'extra' | 'differs'
  readonly columns: readonly string[]
  /** Only of columns that the spec lets show: [source, target]. */
  readonly values?: { readonly [column: string]: readonly [string | null, string | null] }
}

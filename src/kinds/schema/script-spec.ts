/** What `schema.sql` is asked, and the work it becomes. */
import { z } from 'zod'
import { keptSchema } from './keep.ts'
import type { Part } from './script.ts'

export const scriptSpec = z.strictObject({
  up: z.string().min(1).describe('SQL, or `./file.sql`, of which the text is read with the plan.'),
  down: z.string().describe('SQL that leads back. Empty only when `up` changes no structure.'),
  transaction: z.enum(['auto', 'none']).default('auto').describe('`none`: each statement commits by itself.'),
  lockMs: z.int().min(1).max(60_000).default(500).describe('How long one try may wait for its locks, in milliseconds.'),
  statementMs: z.int().min(1).optional().describe('How long one statement may run, in milliseconds.'),
  retries: z.int().min(0).max(1000).default(20).describe('Tries after the first, with growing pauses up to 30 s.'),
  allow: z
    .record(z.string(), z.string().min(10))
    .default({})
    .describe('Lint rules that are let pass, each with the reason.'),
  keep: z
    .enum(['table', 'drop'])
    .default('table')
    .describe(
      `Rows of tables that \`down\` drops: \`table\` copies them to schema ${keptSchema} first, \`drop\` loses them.`,
    ),
})

export type ScriptSpec = z.output<typeof scriptSpec>

export type ScriptWork = {
  readonly up: readonly Part[]
  readonly down: readonly Part[]
  readonly keep: readonly string[]
  readonly lockMs: number
  readonly statementMs: number | null
  readonly retries: number
}

/** What a person writes for `data.transform`. */
import { z } from 'zod'
import { type LensData, lensSchema } from '../../../lens/index.ts'

const limits = z
  .strictObject({
    commitMs: z.number().positive().optional().describe('a commit may take so long, in milliseconds'),
    lagMs: z.number().positive().optional().describe('the worst replica may be so far behind, in milliseconds'),
    walPerSecond: z.number().positive().optional().describe('bytes of WAL that the whole server may write a second'),
  })
  .default({})
  .describe('the hands wait while one of these is exceeded, or while its signal is lost')

export const transformSpec = z.strictObject({
  table: z.string().min(1).describe('the table whose rows are read, `schema.name` or a name of `public`'),
  into: z
    .string()
    .min(1)
    .optional()
    .describe('the table they are written to; without one, new columns of the same table are filled'),
  lens: (lensSchema as z.ZodType<LensData>).describe('how a row becomes the new row'),
  key: z
    .record(z.string(), z.string())
    .default({})
    .describe('how columns of the key are called in the other table, where they are not the same'),
  live: z
    .boolean()
    .default(false)
    .describe('others write the table meanwhile; true by itself where triggers stand on it'),
  tolerate: z.int().min(0).default(0).describe('rows that the lens may refuse before the step fails'),
  batchSize: z.int().min(1).optional().describe('rows of a chunk, fixed; without it chunks follow `targetMs`'),
  targetMs: z
    .int()
    .min(5)
    .max(60_000)
    .default(250)
    .describe('how long a chunk shall take, in milliseconds: as long may a writer wait for a row of it'),
  hands: z.int().min(1).max(64).default(2).describe('how many chunks are moved at once'),
  throttle: limits,
  sample: z
    .int()
    .min(0)
    .default(20_000)
    .describe('rows that verify takes through the lens again, where the server cannot compare'),
})

export type Spec = z.output<typeof transformSpec>

/** The words by which any gate is paced and counted: those of an Argo metric, times in milliseconds. Data only. */
import { z } from 'zod'

/** A limit of -1 is off. Limits are passed when there are *more*: `failureLimit: 3` fails on the fourth failure. */
const limit = z.int().min(-1)

export const countingFields = {
  intervalMs: z.int().min(1).optional().describe('Between two measurements.'),
  count: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Measurements until it is judged. Without it and without an interval one; with an interval alone, or 0, there is no end.',
    ),
  initialDelayMs: z.int().min(0).default(0).describe('Before the first measurement.'),
  failureLimit: limit.default(0).describe('More failures in all than this fail it. -1: off.'),
  inconclusiveLimit: limit
    .default(0)
    .describe(
      'More inconclusive measurements in all than this, and it is held for a person; with `undecidedMs` it is measured anew for so long. -1: off.',
    ),
  consecutiveErrorLimit: limit
    .default(4)
    .describe('More measurements in a row that could not be taken than this fail it. -1: it is held until they can.'),
  consecutiveSuccessLimit: z.int().min(0).default(0).describe('So many successes in a row end it well. 0: not asked.'),
} as const

export const undecidedMs = z
  .int()
  .min(1)
  .optional()
  .describe(
    'Fails a gate that cannot tell for so long, in milliseconds; without it, it holds until there is evidence, or a person acts.',
  )

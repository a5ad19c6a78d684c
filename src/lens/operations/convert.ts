/** convert: a value in another notation, by a named two-way converter. */
import { z } from 'zod'
import { converters, type ConverterOptions, converterNames } from '../converters/index.ts'
import { defineOperation, pathSchema } from '../operation.ts'
import { parsePath } from '../path.ts'
import { call, get, type Planned, put, was } from '../program.ts'
import { remembering } from '../remember.ts'
import { suggestion } from '../../core/errors.ts'

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/, { error: 'a decimal number in quotes, such as "1000" or "0.01"' })
const schema = z
  .strictObject({
    op: z.literal('convert'),
    path: pathSchema,
    with: z.string().refine((name) => name in converters, {
      error: (issue) =>
        `no converter is called "${String(issue.input)}"${suggestion(String(issue.input), converterNames)}; there are ${converterNames.join(', ')}`,
    }),
    /** For `scale`: the factor from old to new, a decimal in quotes. */
    by: decimal.optional(),
    /** For `minor-decimal`: places after the point, 2 by default. */
    digits: z.int().min(0).max(18).optional(),
    /** For `bool-text`: the words, "true" and "false" by default. */
    true: z.string().optional(),
    false: z.string().optional(),
  })
  .refine((op) => !op.with.startsWith('scale') || (op.by !== undefined && Number(op.by) !== 0), {
    error: 'a scale needs "by": a factor that is not zero',
  })
  .refine((op) => !op.with.includes('bool') || (op.true ?? 'true') !== (op.false ?? 'false'), {
    error: '"true" and "false" need two different words',
  })
  .readonly()
type Convert = z.infer<typeof schema>

/** `{ op: convert, path: created, with: seconds-iso }`: another notation of the same value. Renders as SQL as the converter does. */
export const convert = defineOperation<Convert>({
  op: 'convert',
  summary: `The same value in another notation, there and back: ${converterNames.join(', ')}. Null stays null; no number goes through a float.`,
  laws: 'all four; where one value has several spellings (+00:00 and Z, 12.5 and 12.50) the other side keeps its own while it means the same (so not 3)',
  sql: 'as the converter: all but a text that holds a date, JSON in a text, and a scale whose inverse does not end',
  schema,
  example: { data: { op: 'convert', path: 'n', with: 'number-text' }, a: { n: 7 }, b: { n: '7' } },
  plan: converting,
  describe: (op) => [`"${op.path}" is converted: ${op.with}${op.by === undefined ? '' : ` by ${op.by}`}`],
})

function converting(op: Convert): Planned {
  const { forward, backward } = converters[op.with]!.make(op.path, op as ConverterOptions)
  const path = parsePath(op.path)
  return {
    forward: [put(path, call(remembering(op.with, forward, backward), get(path), was(path)))],
    backward: [put(path, call(remembering(op.with, backward, forward), get(path), was(path)))],
    lost: { forward: forward.merges ? [op.path] : [], backward: backward.merges ? [op.path] : [] },
  }
}

/** What a setting may be: its type, its bounds, its default. Data; judges no value. */
import { z } from 'zod'

const says = z.string().optional().describe('What it is for, in a sentence.')
const text = z.string()

const duration = z.strictObject({
  type: z.literal('duration'),
  default: text.describe('With its unit: `100ms`, `10m`, `1h30m`.'),
  min: text.optional(),
  max: text.optional(),
  says,
})
const percent = z.strictObject({
  type: z.literal('percent'),
  default: z.union([text, z.number()]).describe('`12.5%`.'),
  min: z.number().min(0).default(0),
  max: z.number().max(100).default(100),
  says,
})
const integer = z.strictObject({
  type: z.literal('integer'),
  default: z.int(),
  min: z.int().optional(),
  max: z.int().optional(),
  says,
})
const number = z.strictObject({
  type: z.literal('number'),
  default: z.number(),
  min: z.number().optional(),
  max: z.number().optional(),
  says,
})
const boolean = z.strictObject({ type: z.literal('boolean'), default: z.boolean(), says })
const choice = z.strictObject({ type: z.literal('choice'), of: z.array(text.min(1)).min(1), default: text, says })
const words = z.strictObject({
  type: z.literal('text'),
  default: text,
  longest: z.int().min(1).max(10_000).default(1_000).describe('In characters.'),
  says,
})

export const settingRule = z.discriminatedUnion('type', [duration, percent, integer, number, boolean, choice, words])

export type SettingRule = z.output<typeof settingRule>
export type SettingType = SettingRule['type']

export const settingName = z
  .string()
  .regex(/^[a-z][\w-]*(\.[\w-]+)*$/i, 'words of letters, digits, "_" and "-", joined by "."')

/** What every schedule is written with: periods, gates, guards, lengths, and the step that puts a figure into force. Knows no flag and no environment. */
import { z } from 'zod'
import { type AskedStepInput, guardSchema, stepName, stepSchema } from '../core/asked.ts'
import { durationWords, parseDuration } from '../core/duration.ts'

export const durationField = z.string().refine((text) => (parseDuration(text) ?? 0) > 0, { error: durationWords })

export const percentField = z
  .number()
  .min(0)
  .max(100)
  .refine((given) => Math.abs(given * 100 - Math.round(given * 100)) < 1e-6, { error: 'is not in steps of 0.01' })

const names = z.array(z.string().min(1)).min(1)
const short = stepName.optional().describe('what its id ends with; without one, its kind')
const gate = z.strictObject({ ...stepSchema.shape, id: short })
const guard = z.strictObject({ ...guardSchema.shape, id: short })

export type GateField = z.output<typeof gate>
export type GuardField = z.output<typeof guard>

/** A figure that comes into force. `percent` 0 to 100; `before` is undefined where this schedule has not set one yet. */
export interface Figure {
  readonly name: string
  readonly percent: number
  readonly before: number | undefined
  readonly period: string
  /** Who is in whatever the percentage: given in the canary period only. */
  readonly allow?: readonly string[]
}

/** A step as an author makes it for a figure; its id is given by the recipe. */
export type MadeStep = Omit<AskedStepInput, 'id' | 'guards'>
/** Makes the step that puts a figure in force. */
export type Put = (figure: Figure) => MadeStep

const template = z.looseObject({ kind: z.string() })
const put = z.union([z.custom<Put>((given) => typeof given === 'function'), template])
export type PutField = z.output<typeof put>

/** What stops a period, and how long it is watched: for the canary and every row. */
const watched = {
  length: durationField
    .optional()
    .describe('How long it is let stand before its gates: `7d`, `48h`. Without one, that of the schedule.'),
  gates: z.array(gate).default([]).describe('Steps after the wait, before those of the schedule.'),
  guards: z.array(guard).default([]).describe('Gates that run beside the wait, with those of the schedule.'),
  approval: z.string().optional().describe('What a person is asked before the figures of the period come into force.'),
} as const

export const canaryField = z
  .strictObject({
    name: z.string().min(1).default('Canary'),
    allow: names.describe('Who is in before any percentage: users, or nodes where `nodes` is given.'),
    flags: names.optional().describe('The names that the canary gets; without them, all.'),
    ...watched,
  })
  .describe('A period before the first, in which only those named are in.')

export const periodFields = {
  name: z.string().min(1).describe('Shown as the stage: `Week 2`.'),
  down: z.boolean().default(false).describe('True: figures may be lower than those of the period before.'),
  ...watched,
} as const

export const scheduleFields = {
  on: z
    .union([z.string(), z.record(z.string(), z.string())])
    .optional()
    .describe('The target of the steps that put figures into force: the flag store.'),
  length: watched.length.describe('The length of every period that names none.'),
  gates: z.array(gate).default([]).describe('Steps after the wait of every period: gate.metrics, gate.traffic …'),
  guards: z.array(guard).default([]).describe('Gates that run beside the wait of every period.'),
  canary: canaryField.optional(),
  nodes: z
    .string()
    .min(1)
    .optional()
    .describe('The attribute that names the node, where figures go by node and not by user.'),
  put: put
    .optional()
    .describe(
      'The step that puts a figure into force, where it is not flags.set. In its texts stand `{name}`, `{percent}`, `{share}` and `{rest}` (hundredths of a percent), `{period}`. In TypeScript, a function.',
    ),
  part: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('The part, or parts, that its steps are rolled back with.'),
  compress: z
    .number()
    .min(1)
    .optional()
    .describe(
      'For a rehearsal: every wait is so many times shorter (10080: a week in a minute), and the plan says so. Gates and guards stay as they are.',
    ),
} as const

export type ScheduleFields = z.output<z.ZodObject<typeof scheduleFields>>
export type PeriodFields = z.output<z.ZodObject<typeof periodFields>>

/** A row of a schedule, whatever it was written as: the figures that hold in it, by name. */
export interface Row extends PeriodFields {
  readonly percent: { readonly [name: string]: number }
}

/** The end of an id: what a name is without what an id may not hold. */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._]+/g, '-')
    .replaceAll(/^[-._]+|-+$/g, '')
}

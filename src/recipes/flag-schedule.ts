/** `flags.schedule`: a table flag × period in percent, as gated steps. */
import { z } from 'zod'
import type { AskedStep } from '../core/asked.ts'
import { cook, defineRecipe } from '../core/recipe.ts'
import { showPath } from '../core/shape.ts'
import { percentField, periodFields, scheduleFields } from './fields.ts'
import { complainTo, mustBeInOrder, mustClimb } from './order.ts'
import { scheduleSteps } from './schedule.ts'

const period = z.strictObject({
  ...periodFields,
  percent: z
    .record(z.string(), percentField)
    .default({})
    .describe('The figures that hold in it, by flag: 0 to 100 in steps of 0.01. A flag that is left out stays.'),
})

const spec = z
  .strictObject({
    flags: z.array(z.string().min(1)).min(1).describe('The columns of the table: every flag it moves.'),
    periods: z.array(period).min(1).describe('The rows of the table, in order.'),
    ...scheduleFields,
  })
  .superRefine((given, at) => {
    const complain = complainTo(at)
    mustBeInOrder(given, given.flags, complain)
    const cells = given.periods.flatMap(({ percent, down }, index) =>
      Object.entries(percent).map(([name, figure]) => ({
        name,
        percent: figure,
        down,
        path: ['periods', index, 'percent', name],
      })),
    )
    mustClimb(cells, given.flags, complain)
    for (const [index, flag] of given.flags.entries())
      if (!cells.some(({ name }) => name === flag)) complain(['flags', index], `"${flag}" has no figure in any period`)
  })

export const flagsSchedule = defineRecipe({
  name: 'flags.schedule',
  summary:
    'A table flag × period in percent: for each period what changes, then a wait of its real length, then its gates.',
  spec,
  example: {
    on: 'flags',
    flags: ['hybrid_mode', 'crdt_sync'],
    length: '7d',
    canary: { allow: ['node-1', 'node-2'], flags: ['hybrid_mode'], length: '48h' },
    periods: [
      { name: 'Week 1', percent: { hybrid_mode: 0, crdt_sync: 0 } },
      { name: 'Week 2', percent: { hybrid_mode: 10 } },
      { name: 'Week 3', percent: { hybrid_mode: 100, crdt_sync: 10 }, approval: 'Is the on-call engineer told?' },
      { name: 'Week 4', percent: { crdt_sync: 100 } },
    ],
    gates: [
      {
        id: 'errors',
        kind: 'gate.metrics',
        on: 'prometheus',
        spec: { metrics: { errors: { query: 'job:errors:ratio', max: 0.01 } } },
      },
    ],
  },
  steps: (id, spec) => scheduleSteps(id, { ...spec, names: spec.flags, rows: spec.periods }),
})

/** What `flagSchedule` is given: `id` begins the ids of its steps. */
export type FlagSchedule = { readonly id: string } & z.input<typeof spec>

/** The steps of a flag schedule, to be spread into a plan's `steps`. Throws `plan.invalid`, `plan.unknown-key`. */
export function flagSchedule({ id, ...given }: FlagSchedule): AskedStep[] {
  return [...cook(flagsSchedule, id, given, (path) => `flagSchedule "${id}": ${showPath(path)}`, [])]
}

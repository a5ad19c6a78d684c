/** `modules.schedule`: day ranges × environments in percent, for modules that go from one version to the next; a plan takes the column of its environment. */
import { z } from 'zod'
import type { AskedStep } from '../core/asked.ts'
import { suggestion } from '../core/errors.ts'
import { cook, defineRecipe } from '../core/recipe.ts'
import { showPath } from '../core/shape.ts'
import { percentField, periodFields, type Row, scheduleFields } from './fields.ts'
import { type Complain, complainTo, mustBeInOrder, mustClimb } from './order.ts'
import { scheduleSteps } from './schedule.ts'

const cell = z.union([percentField, z.record(z.string(), percentField)])

const period = z.strictObject({
  ...periodFields,
  percent: z
    .record(z.string(), cell)
    .describe(
      'By environment: a figure for all modules, or figures by module. A period without one is left out there.',
    ),
})

const spec = z
  .strictObject({
    modules: z.array(z.string().min(1)).min(1).describe('Every module it moves, by the name of its flag.'),
    environments: z.array(z.string().min(1)).min(1).describe('The columns of the table: every environment there is.'),
    environment: z.string().min(1).describe('The column that this plan is for.'),
    periods: z.array(period).min(1).describe('The rows of the table, in order.'),
    ...scheduleFields,
  })
  .superRefine((given, at) => {
    const complain = complainTo(at)
    mustBeInOrder(given, given.modules, complain)
    if (!given.environments.includes(given.environment))
      complain(['environment'], unknownEnvironment(given.environment, given.environments))
    else if (!given.periods.some(({ percent }) => percent[given.environment] !== undefined))
      complain(['environment'], `no period has a figure for "${given.environment}"`)
    // The whole table, not only the column of this plan: it is one table for all of them.
    for (const environment of new Set(given.periods.flatMap(({ percent }) => Object.keys(percent))))
      columnMustClimb(given, environment, complain)
  })

type Spec = z.output<typeof spec>

function columnMustClimb(given: Spec, environment: string, complain: Complain): void {
  if (!given.environments.includes(environment)) {
    const index = given.periods.findIndex(({ percent }) => percent[environment] !== undefined)
    complain(['periods', index, 'percent', environment], unknownEnvironment(environment, given.environments))
    return
  }
  const cells = given.periods.flatMap(({ percent, down }, index) => {
    const figures = percent[environment]
    if (figures === undefined) return []
    const path = ['periods', index, 'percent', environment]
    return Object.entries(byModule(figures, given.modules)).map(([name, figure]) => ({
      name,
      percent: figure,
      down,
      path: typeof figures === 'number' ? path : [...path, name],
    }))
  })
  mustClimb(cells, given.modules, complain)
}

function unknownEnvironment(name: string, known: readonly string[]): string {
  return `there is no environment "${name}"${suggestion(name, known)}; there are: ${known.join(', ')}`
}

function byModule(figures: z.output<typeof cell>, modules: readonly string[]): Row['percent'] {
  return typeof figures === 'number' ? Object.fromEntries(modules.map((name) => [name, figures])) : figures
}

export const modulesSchedule = defineRecipe({
  name: 'modules.schedule',
  summary:
    'A table of day ranges × environments in percent, for modules between two versions: the periods of one environment, each with its wait and its gates.',
  spec,
  example: {
    on: 'flags',
    modules: ['transaction_pool', 'sync_service'],
    environments: ['test', 'staging', 'production'],
    environment: 'production',
    periods: [
      { name: 'Week 1, day 1-2', length: '2d', percent: { test: 10 } },
      { name: 'Week 1, day 3-4', length: '2d', percent: { staging: 25 } },
      { name: 'Week 1, day 5-7', length: '3d', percent: { staging: 50, production: { transaction_pool: 1 } } },
      { name: 'Week 2, day 1-2', length: '2d', percent: { production: 25 } },
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
  steps(id, spec) {
    const { modules, environment, periods } = spec
    const rows = periods.flatMap((each): readonly Row[] => {
      const figures = each.percent[environment]
      return figures === undefined ? [] : [{ ...each, percent: byModule(figures, modules) }]
    })
    return scheduleSteps(id, { ...spec, names: modules, rows })
  },
})

/** What `moduleSchedule` is given: `id` begins the ids of its steps. */
export type ModuleSchedule = { readonly id: string } & z.input<typeof spec>

/** The steps of a module schedule in one environment, to be spread into a plan's `steps`. Throws `plan.invalid`, `plan.unknown-key`. */
export function moduleSchedule({ id, ...given }: ModuleSchedule): AskedStep[] {
  return [...cook(modulesSchedule, id, given, (path) => `moduleSchedule "${id}": ${showPath(path)}`, [])]
}

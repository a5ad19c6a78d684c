/** The recipes: a spec in, steps out. */
export type { Figure, MadeStep, Put } from './fields.ts'
export { flagSchedule, type FlagSchedule, flagsSchedule } from './flag-schedule.ts'
export { moduleSchedule, type ModuleSchedule, modulesSchedule } from './module-schedule.ts'

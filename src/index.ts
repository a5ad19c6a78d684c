/** `changeover`: the library's door. A plan in TypeScript needs `defineChangeover`; a guest's kind or adapter needs the rest. */
export { type Asked, type ChangeoverInput, defineChangeover } from './core/asked.ts'
export { ChangeoverError, type ErrorCode, errorCodes, isChangeoverError } from './core/errors.ts'
export type { Actor, Claim, Event, Happening, Journal, Outcome } from './core/event.ts'
export { block, type Finding, note, risk } from './core/finding.ts'
export { type Json, unknown } from './core/json.ts'
export {
  type Adapter,
  defineAdapter,
  defineKind,
  type Draft,
  type Mark,
  type Reading,
  type Site,
  type StepKind,
  type Target,
  type Undo,
  type Writing,
} from './core/kind.ts'
export type { Plan, PlannedStep } from './core/plan.ts'
export type * from './core/ports/index.ts'
export { fold, phase, type RunState } from './core/run.ts'
export {
  amend,
  type Bench,
  checkPlan,
  control,
  drive,
  latestRun,
  makePlanNow,
  openBench,
  openJournalAt,
  openRun,
  systemClock,
  thisActor,
  verifyRun,
} from './engine/index.ts'
export { builtinAdapters, builtinKinds, builtinRecipes } from './builtin.ts'
export { defineRecipe, type Recipe, type Recipes } from './core/recipe.ts'
export { type LiveFlags, type LiveFlagsOptions, openFlags } from './live-flags/index.ts'
export { type LiveSettings, openSettings, type SettingsOptions } from './live-settings/index.ts'
export {
  type Figure,
  flagSchedule,
  type FlagSchedule,
  type MadeStep,
  moduleSchedule,
  type ModuleSchedule,
  type Put,
} from './recipes/index.ts'
export { showSplit, stickySplit } from './adapters/haproxy/index.ts'
export { nginxSplit } from './adapters/nginx/index.ts'

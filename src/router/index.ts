/** `changeover/router`: routes the calls of a module to one of its versions, runs another beside it, and takes the state along. */
export { bucketOf } from '../flags/index.ts'
export type { Call, Calls, MethodOf, NameOf, Versions } from './calls.ts'
export { checkMigration, type CheckOptions } from './check-migration.ts'
export type { Decide, Decision, Flags, Setting } from './decision.ts'
export { followSettings, type Followed, type FollowOptions, type Taken } from './follow.ts'
export type { Paused } from './gate.ts'
export type { CallCount, RouterMetrics, VersionCount } from './metrics.ts'
export { type MigrationByFunctions, type MigrationByLens, type StateMigration, stateMigration } from './migration.ts'
export { prometheusText } from './prometheus.ts'
export type { Router, RouterOptions } from './options.ts'
export { createRouter } from './router.ts'
export type { Published, ShadowCount, ShadowOptions, ShadowResult } from './shadow-result.ts'
export {
  type StateHooks,
  type StateSwitch,
  stateSwitch,
  type StateSwitchOptions,
  type Switched,
} from './switch-state.ts'
export { bounds, type Latency, quantile } from './tally.ts'
export type { Comparing, Fault, Observation, Verdict } from './verdict.ts'

/** Feature flags in flagd's JSON: judged, evaluated, bucketed, and rolled out by share. Knows no file, no database and no network. */
export { bucketOf } from './bucket.ts'
export { checkFlags } from './check.ts'
export { compileFlags, type Flags } from './compile.ts'
export { factsOf } from './facts.ts'
export { parseFlags, readFlags } from './parse.ts'
export { type FlagSource, openFlagSource, type Served, type SourceOptions } from './source.ts'
export { newFlag, type Rollout, rolloutOf, type Sides, sidesIn, withRollout } from './rollout.ts'
export {
  type Flag,
  type FlagContext,
  type FlagSet,
  type FlagType,
  generationOf,
  type HashGeneration,
  type Metadata,
  type Reason,
  type Resolution,
  type ResolutionError,
} from './set.ts'

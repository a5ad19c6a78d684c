/** Shadow: how two versions' answers to one request differ, what of it is noise, and what was found in all. Pure; asks and routes nothing. */
export { compareAnswers, type SeenAnswer } from './answer.ts'
export { type Difference, type DifferenceKind, differences } from './diff.ts'
export { createNoise, type Noise, type NoiseLimits, type NoisyField } from './noise.ts'
export { parseJson } from './exact-json.ts'
export { compileRules, type CompareRules, type Rules } from './rules.ts'
export {
  createTally,
  type SampledMismatch,
  type ShadowReport,
  type Skip,
  type Tally,
  type TallyLimits,
} from './tally.ts'

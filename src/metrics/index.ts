/** What metrics mean: conditions, the counting of an analysis, limits against a baseline, a sequential test, and the text of a metrics page. Pure. */
export {
  addMeasurement,
  anew,
  dueAt,
  isBounded,
  type MetricTally,
  noMeasurement,
  phaseOf,
  type RunPhase,
  runPhase,
  type Watched,
} from './analysis.ts'
export { PageFault, readNumber, readPage, type Series } from './exposition.ts'
export { countingFields, undecidedMs } from './fields.ts'
export { addTotal, type Growth, grownIn } from './growth.ts'
export type { Evidence, Judgement } from './evidence.ts'
export { judge } from './judge.ts'
export { shown } from './shown.ts'
export { figureIn } from './limits.ts'
export { isOver, type Outcome, type Phase } from './outcome.ts'
export { answerQuery, type PageAnswer, type Scrape } from './page.ts'
export { type AnswerShape, type Condition, readCondition } from './condition/index.ts'
export {
  cannotFail,
  comparesWithBaseline,
  complaint,
  type Complaint,
  effectiveCount,
  hasLimit,
  metricFields,
  type MetricRules,
  readRules,
} from './rules.ts'
export { pageLanguage, type PageSource, ScrapedPage } from './scrapes.ts'
export { type Query, readQuery } from './selector.ts'
export { addBatch, addToBaseline, chance, type Count, isWorse, nothingSeen, type Sequential } from './sequential.ts'
export { type Distribution, type Family, type Labels, metricsText, type Sample } from './text.ts'
export { metricsTarget } from './target.ts'
export { addToSplit, type Split, splitAlpha, splitChance } from './split.ts'

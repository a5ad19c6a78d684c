/** Kinds that keep a database fit after a change. */
export { maintainAnalyze } from './analyze.ts'

/** Lint: one table of rules, read over a script. */
export { type LintOptions, lint, scriptLocks } from './lint.ts'
export { needsOwnTransaction } from './indexes.ts'
export type { Hit, Rule } from './rule.ts'
export { destroys, rules } from './rules.ts'

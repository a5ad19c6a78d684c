/** Knowledge of SQL: names and values, the grammar, locks, lint, and what a script changes. Pure; no driver, no server. */
export { type LintOptions, type Rule, destroys, lint, needsOwnTransaction, rules, scriptLocks } from './lint/index.ts'
export { type LockMode, type Touch, conflicting, rank } from './lock.ts'
export { type Statement, loadParser } from './parser.ts'
export { qualify, quoteKey, quoteName } from './quote.ts'
export { predict, settledNames } from './predict/predict.ts'
export { objectName, tableName } from './names.ts'
export { nameTaken, tableIn } from './world.ts'

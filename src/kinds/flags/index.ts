/** The family `flags`: feature flags, one or all. */
export { flagsDisableAll } from './disable-all.ts'
export { flagsSet } from './set.ts'

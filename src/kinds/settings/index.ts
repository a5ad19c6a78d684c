/** The family `settings`: what a running program is told. */
export { settingsSet } from './set.ts'

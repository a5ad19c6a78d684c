/** Kinds that look before anything is changed. */
export { assessActivity } from './activity.ts'
export { assessDatabase } from './database.ts'

/** Kinds that save what is, so that it can come back. */
export { backupDatabase } from './database.ts'

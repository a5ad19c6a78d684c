/** Kinds that back up, and prove it. */
export { backupDatabase } from './database.ts'
export { backupFiles } from './files.ts'

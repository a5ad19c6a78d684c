/** Kinds that save what is, so that it can come back. */
export { type DatabaseBackup, restoreDatabase } from './copy.ts'
export { backupDatabase } from './database.ts'
export { backupFiles } from './files.ts'

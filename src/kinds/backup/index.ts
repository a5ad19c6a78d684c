/** Kinds that save what is, so that it can come back. */
export { backupFiles } from './files.ts'

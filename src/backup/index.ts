/** Backups: the manifest, whole or not there at all; verified, restored, retired. Knows the files port, and no kind of data. */
export { type Entry, type LeftOut, type Manifest, manifestName, parseManifest, sumsName } from './manifest.ts'
export { namedAsKey, PrivateKeyFound, withoutKeys } from './private-keys.ts'
export { restoreEntry, restoreFiles, type RestoreOptions } from './restore.ts'
export { discard, expired, listBackups, retire, type Retention } from './retention.ts'
export { ensureRoom, withRoom } from './room.ts'
export {
  type Backup,
  backupFolder,
  findManifest,
  pourEntry,
  readManifest,
  verifyBackup,
  writeManifest,
} from './store.ts'

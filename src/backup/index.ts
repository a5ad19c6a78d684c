/** Backups: the manifest, whole or not there at all; verified, restored, retired. Knows the files port, and no kind of data. */
export type { Entry, LeftOut, Manifest } from './manifest.ts'
export { namedAsKey, PrivateKeyFound, withoutKeys } from './private-keys.ts'
export { restoreEntry, restoreFiles } from './restore.ts'
export { discard, retire } from './retention.ts'
export { ensureRoom } from './room.ts'
export { backupFolder, findManifest, pourEntry, readManifest, verifyBackup, writeManifest } from './store.ts'

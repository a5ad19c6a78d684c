/** Files that last: replaced whole and durably, locked by one process, kept with their history, watched; and the system's refusals in words. */
export type { Line } from './history.ts'
export { type KeptFile, keptFile, type KeptOptions } from './kept-file.ts'
export { giveUp, isOwned, makeOwned, type Owner, ownerOf, setAside, silenceOf } from './owner.ts'
export { type FileWords, keepText, readIfThere, refusedFile } from './refused.ts'
export { watchFile } from './watch.ts'
export { putInPlace, replaceFile, syncFolder, takesNewFiles, writeDraft } from './write.ts'

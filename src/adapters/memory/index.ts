/** Targets in memory, for the conformance of kinds in seconds. They keep every promise of their ports. */
export { type MemoryFiles, memoryFiles, type MemoryFilesOptions } from './files.ts'

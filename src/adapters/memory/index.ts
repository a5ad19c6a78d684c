/** Targets in memory, for the conformance of kinds in seconds. They keep every promise of their ports. */
export { type MemoryFiles, memoryFiles, type MemoryFilesOptions } from './files.ts'
export { type MemoryAnswer, type MemoryHttp, memoryHttp, type MemoryRequest } from './http.ts'
export { type MemoryService, memoryService, type MemoryServiceOptions } from './service.ts'
export { type MemoryRoute, type MemoryTraffic, memoryTraffic, type MemoryTrafficOptions } from './traffic.ts'

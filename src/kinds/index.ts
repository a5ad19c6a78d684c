/** Every kind, by family. */
export * from './assess/index.ts'
export * from './backup/index.ts'
export * from './config/index.ts'
export * from './data/index.ts'
export * from './http/index.ts'
export * from './service/index.ts'

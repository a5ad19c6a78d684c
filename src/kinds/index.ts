/** Every kind, by family. */
export * from './assess/index.ts'
export * from './maintain/index.ts'
export * from './schema/index.ts'

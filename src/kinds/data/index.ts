/** Kinds that move and compare data. */
export { dataCompare } from './compare/index.ts'
export { dataMirror } from './mirror/index.ts'
export { dataTransform } from './transform/index.ts'

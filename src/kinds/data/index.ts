/** Kinds that move and compare data. */
export { dataCompare } from './compare.ts'
export { dataMirror } from './mirror.ts'
export { dataTransform } from './transform.ts'

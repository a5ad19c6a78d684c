/** Kinds that move and compare data. */
export { dataTransform } from './transform.ts'

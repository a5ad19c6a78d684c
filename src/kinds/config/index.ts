/** Kinds that change configuration. */
export { configRewrite } from './rewrite/index.ts'

/** `changeover/server`: doors over HTTP. Flags for programs in any language by OFREP, and a page of metrics. */
export type { Caller } from './access.ts'
export type { Rate } from './allowance.ts'
export { type OfrepOptions, type OfrepServer, startOfrep } from './ofrep.ts'
export { type Page, type PageOptions, startPage } from './page.ts'
export { type FlagServer, type FlagServerOptions, serveFlags } from './serve-flags.ts'
/** What a server answers from. */
export { type FlagSource, openFlagSource } from '../flags/index.ts'

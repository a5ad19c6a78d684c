/** Tables as definitions and streams of rows, and back: a dump made with nothing but SQL. Knows no store and no plan. */
export { type Definition, type Definitions, type DumpedTable, readDefinitions } from './definitions.ts'
export { type OpenSaved, restoreTables } from './restore.ts'
export { counted, definitionsOf, rowsOf, type SavedFile } from './save.ts'

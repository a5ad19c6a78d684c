/** Kinds that change the structure of a database. */
export { schemaAddColumn } from './add-column.ts'
export { schemaIndex } from './concurrent-index.ts'
export { schemaSeal } from './seal.ts'
export { schemaSql } from './sql.ts'

/** Kinds that change the structure of a database. */
export { schemaSql } from './sql.ts'

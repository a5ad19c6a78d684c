/** Comparing rows on the server: prints of tables and of stretches of keys, down to the rows and columns that differ; and orphans. */
export { type Print, samePrint, tablePrint } from './fingerprint.ts'
export {
  columnsWhere,
  type Difference,
  differences,
  type Look,
  printsWhere,
  printWhere,
  type RowPrint,
  valuesWhere,
} from './look.ts'
export { declaredRelation, orphans, type Relation } from './relations.ts'

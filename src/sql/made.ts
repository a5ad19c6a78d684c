/** What a CREATE makes, named as the DROP of it would name it. Knows no table: those are the world's. */
import type { CreateSchemaStmt, Node } from 'libpg-query'
import { partsName, strings, tableName } from './names.ts'

/** `OBJECT_VIEW public.v`; a function is named without its arguments, a trigger as `table.trigger`. */
export function madeBy(node: Node): string | undefined {
  if ('ViewStmt' in node) return `OBJECT_VIEW ${tableName(node.ViewStmt.view)}`
  if ('CreateTableAsStmt' in node && node.CreateTableAsStmt.objtype === 'OBJECT_MATVIEW')
    return `OBJECT_MATVIEW ${tableName(node.CreateTableAsStmt.into?.rel)}`
  if ('CreateFunctionStmt' in node) {
    const { is_procedure, funcname } = node.CreateFunctionStmt
    return `${is_procedure ? 'OBJECT_PROCEDURE' : 'OBJECT_FUNCTION'} ${partsName(strings(funcname))}`
  }
  if ('CreateTrigStmt' in node)
    return `OBJECT_TRIGGER ${node.CreateTrigStmt.relation?.relname}.${node.CreateTrigStmt.trigname}`
  if ('CreateSeqStmt' in node) return `OBJECT_SEQUENCE ${tableName(node.CreateSeqStmt.sequence)}`
  if ('CreateEnumStmt' in node) return `OBJECT_TYPE ${partsName(strings(node.CreateEnumStmt.typeName))}`
  if ('CompositeTypeStmt' in node) return `OBJECT_TYPE ${tableName(node.CompositeTypeStmt.typevar)}`
  if ('CreateDomainStmt' in node) return `OBJECT_DOMAIN ${partsName(strings(node.CreateDomainStmt.domainname))}`
  if ('CreateSchemaStmt' in node) return `OBJECT_SCHEMA ${node.CreateSchemaStmt.schemaname}`
  if ('CreateExtensionStmt' in node) return `OBJECT_EXTENSION ${node.CreateExtensionStmt.extname}`
  return undefined
}

/** What CREATE SCHEMA makes with it: the names without a schema are in the new one. */
export function schemaElements({ schemaname, schemaElts }: CreateSchemaStmt): readonly Node[] {
  return (schemaElts ?? []).map((each) => {
    if ('CreateStmt' in each)
      return { CreateStmt: { ...each.CreateStmt, relation: { schemaname, ...each.CreateStmt.relation } } as never }
    return each
  })
}

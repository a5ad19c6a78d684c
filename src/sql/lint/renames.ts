/** Rules about names that clients of the old version know. */
import { madeBy } from '../made.ts'
import { tableName } from '../names.ts'
import type { Rule } from './rule.ts'

const both =
  'keep both names alive: a new column or a view with the new name, in step with the old one, and drop the old one last'

function renameRule(name: string, types: readonly string[], noun: string, also: readonly string[]): Rule {
  return {
    name,
    level: 'block',
    why: `Programs that use the old name of the ${noun} fail at once, and no order of deployment avoids it.`,
    help: both,
    also,
    *look({ node, fresh, script, index, transaction }) {
      if (!('RenameStmt' in node) || !types.includes(node.RenameStmt.renameType ?? '')) return
      const { relation, subname, newname, relationType } = node.RenameStmt
      const table = relation ? tableName(relation) : (subname ?? '')
      if (relation && fresh(table)) return
      if (types.includes('OBJECT_COLUMN') && relationType !== 'OBJECT_TABLE') return
      const old = types.includes('OBJECT_COLUMN') ? `"${subname}" of "${table}"` : `"${table}"`
      const kept =
        transaction !== 'none' && script.slice(index + 1).some((each) => madeBy(each.node) === `OBJECT_VIEW ${table}`)
      yield {
        object: table,
        ...(kept ? { level: 'note' } : {}),
        message: `${noun} ${old} is renamed to "${newname}"${kept ? '; a view takes its old name in the same transaction' : ''}`,
      }
    },
  }
}

const enumValue: Rule = {
  name: 'renaming-enum-value',
  level: 'risk',
  why: 'Programs that write the old value fail at once.',
  help: 'add the new value, let programs write it, move the rows, and let the old value be',
  also: ['strong_migrations:rename_enum_value'],
  *look({ node }) {
    if (!('AlterEnumStmt' in node) || !node.AlterEnumStmt.oldVal) return
    yield {
      object: '',
      message: `enum value "${node.AlterEnumStmt.oldVal}" is renamed to "${node.AlterEnumStmt.newVal}"`,
    }
  },
}

const moved: Rule = {
  name: 'moving-to-another-schema',
  level: 'risk',
  why: 'Programs find the object only when their search_path names the new schema.',
  help: both,
  *look({ node, fresh }) {
    if (!('AlterObjectSchemaStmt' in node) || !node.AlterObjectSchemaStmt.relation) return
    const table = tableName(node.AlterObjectSchemaStmt.relation)
    if (!fresh(table))
      yield { object: table, message: `"${table}" moves to schema "${node.AlterObjectSchemaStmt.newschema}"` }
  },
}

export const renameRules: readonly Rule[] = [
  renameRule('renaming-column', ['OBJECT_COLUMN'], 'column', ['strong_migrations:rename_column']),
  renameRule('renaming-table', ['OBJECT_TABLE'], 'table', ['strong_migrations:rename_table']),
  renameRule('renaming-schema', ['OBJECT_SCHEMA'], 'schema', ['strong_migrations:rename_schema']),
  enumValue,
  moved,
]

/** Rules about columns of tables that hold rows: what rewrites, scans or breaks them. */
import { columnRewrites, droppedConstraints, filled, typeKept, workOf } from '../work-alter.ts'
import { nullsRuledOut } from '../world.ts'
import { type Rule, addedColumns, addedConstraints, commands, constraintsOf } from './rule.ts'
import { builtin, strings, writtenType } from '../names.ts'

const addingFieldWithDefault: Rule = {
  name: 'adding-field-with-default',
  level: 'block',
  why: 'A default that may differ from row to row, an identity or a stored generated column rewrites the whole table under ACCESS EXCLUSIVE.',
  help: 'add the column without it, set the default afterwards, fill the rows in batches (data.transform); for a generated column use a trigger',
  also: [
    'eugene:E10',
    'eugene:E11',
    'strong_migrations:add_column_default',
    'strong_migrations:add_column_generated_stored',
    'strong_migrations:add_column_auto_incrementing',
  ],
  grows: true,
  *look(scene) {
    for (const { table, column } of addedColumns(scene)) {
      const reason = columnRewrites(column, scene.world) ?? oldServer(scene.version, column)
      if (reason) yield { object: table, message: `adding column "${column.colname}" rewrites "${table}": ${reason}` }
      else if (constraintsOf(column).some((each) => each.contype === 'CONSTR_GENERATED')) {
        yield {
          object: table,
          level: 'note',
          message: `column "${column.colname}" of "${table}" is generated: a virtual one is computed at every read`,
        }
      }
    }
  },
}

function oldServer(version: number, column: Parameters<typeof constraintsOf>[0]): string | undefined {
  const written = constraintsOf(column).some((each) => each.contype === 'CONSTR_DEFAULT')
  return version < 11 && written ? `before PostgreSQL 11 every default does, and this is ${version}` : undefined
}

const addingRequiredField: Rule = {
  name: 'adding-required-field',
  level: 'block',
  why: 'A NOT NULL column without a default cannot be added to a table with rows, and breaks every INSERT of the old version.',
  help: 'give it a constant default, or add it nullable and seal it later',
  also: ['strong_migrations:add_column_not_null'],
  *look(scene) {
    for (const { table, column } of addedColumns(scene)) {
      const required = constraintsOf(column).some((each) => /NOTNULL|PRIMARY/.test(each.contype ?? ''))
      if (required && !filled(column))
        yield { object: table, message: `column "${column.colname}" of "${table}" is NOT NULL and has no default` }
    }
  },
}

const addingNotNullableField: Rule = {
  name: 'adding-not-nullable-field',
  level: 'block',
  why: 'SET NOT NULL reads the whole table under ACCESS EXCLUSIVE unless a valid CHECK has proved it already.',
  help: 'add CHECK (column IS NOT NULL) NOT VALID, fill the rows, VALIDATE CONSTRAINT in another transaction, then SET NOT NULL and drop the check',
  also: ['eugene:E2', 'strong_migrations:change_column_null'],
  grows: true,
  *look(scene) {
    for (const { table, cmd, stmt } of commands(scene)) {
      if (cmd.subtype !== 'AT_SetNotNull' || scene.fresh(table)) continue
      const dropping = droppedConstraints(stmt)
      const proved = scene.version >= 12 && nullsRuledOut(scene.world, table, cmd.name ?? '', dropping)
      if (!proved)
        yield {
          object: table,
          message: `SET NOT NULL on "${cmd.name}" reads all of "${table}" while nobody else can read or write it`,
          ...(dropping.length > 0
            ? {
                help: 'drop the CHECK in a statement after this one: in the same one it is dropped first and proves nothing',
              }
            : {}),
        }
    }
    for (const { table, constraint } of addedConstraints(scene)) {
      const columns =
        constraint.contype === 'CONSTR_NOTNULL' && !constraint.skip_validation ? strings(constraint.keys) : []
      for (const column of columns) {
        if (!nullsRuledOut(scene.world, table, column))
          yield {
            object: table,
            message: `NOT NULL on "${column}" reads all of "${table}" while nobody else can read or write it`,
          }
      }
    }
  },
}

const banDropNotNull: Rule = {
  name: 'ban-drop-not-null',
  level: 'risk',
  why: 'Programs that never met a NULL in the column may fail at the first one.',
  help: 'make sure that every reader takes NULL, or keep a marker value',
  *look(scene) {
    for (const { table, cmd } of commands(scene)) {
      if (cmd.subtype === 'AT_DropNotNull' && !scene.fresh(table))
        yield { object: table, message: `"${cmd.name}" of "${table}" may be NULL from now on` }
    }
  },
}

const changingColumnType: Rule = {
  name: 'changing-column-type',
  level: 'block',
  why: 'Most changes of a type rewrite the table and its indexes under ACCESS EXCLUSIVE, and the old version reads another type than it knows.',
  help: 'add a column of the new type, keep both in step (data.mirror), fill it (data.transform), seal the old one later',
  also: ['eugene:E5', 'strong_migrations:change_column'],
  grows: true,
  *look(scene) {
    for (const { table, cmd, stmt } of commands(scene)) {
      if (cmd.subtype !== 'AT_AlterColumnType' || scene.fresh(table)) continue
      const kept = typeKept(table, cmd, scene.world)
      const again = kept ? workOf(table, cmd, scene.world, stmt) : []
      if (again.length > 0)
        yield {
          object: table,
          level: 'risk',
          message: `"${cmd.name}" keeps its bytes, but ${again.map((each) => (each === 'scan' ? 'a CHECK on it is tried on' : 'an index on it is built again from')).join(' and ')} all of "${table}" while nobody else can read or write it`,
        }
      if (kept === true) continue
      const known = kept === false ? 'rewrites' : 'may rewrite'
      yield {
        object: table,
        message: `changing the type of "${cmd.name}" ${known} "${table}" while nobody else can read or write it`,
      }
    }
  },
}

const preferJsonb: Rule = {
  name: 'prefer-jsonb',
  level: 'risk',
  why: 'json has no equality operator: SELECT DISTINCT, GROUP BY and UNION over the table begin to fail.',
  help: 'use jsonb',
  also: ['eugene:E3', 'strong_migrations:add_column_json'],
  *look(scene) {
    for (const { table, column } of addedColumns(scene)) {
      const type = writtenType(column.typeName)
      if (type.name === 'json' && builtin(type))
        yield { object: table, message: `column "${column.colname}" of "${table}" has the type json` }
    }
  },
}

export const columnRules: readonly Rule[] = [
  addingFieldWithDefault,
  addingRequiredField,
  addingNotNullableField,
  banDropNotNull,
  changingColumnType,
  preferJsonb,
]

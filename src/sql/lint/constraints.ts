/** Rules about constraints of tables that hold rows. */
import { strings, tableName } from '../names.ts'
import { indexColumns } from '../work-alter.ts'
import { nullsRuledOut } from '../world.ts'
import { keyWithoutIndex } from './key-index.ts'
import { type Rule, type Scene, addedColumns, addedConstraints, called, commands, constraintsOf } from './rule.ts'

const addingForeignKey: Rule = {
  name: 'adding-foreign-key-constraint',
  level: 'block',
  why: 'A foreign key reads the whole table while SHARE ROW EXCLUSIVE stops every write to both tables.',
  help: 'add it NOT VALID, then VALIDATE CONSTRAINT in another transaction',
  also: ['eugene:E1', 'strong_migrations:add_foreign_key', 'strong_migrations:add_reference'],
  grows: true,
  *look(scene) {
    for (const { table, constraint } of addedConstraints(scene)) {
      if (constraint.contype === 'CONSTR_FOREIGN' && !constraint.skip_validation) {
        yield {
          object: table,
          message: `${called(constraint)} reads all of "${table}" and stops writes to it and to "${tableName(constraint.pktable)}"`,
        }
      }
    }
    for (const { table, column } of addedColumns(scene)) {
      for (const each of constraintsOf(column)) {
        const enforced = constraintsOf(column).every(({ contype }) => contype !== 'CONSTR_ATTR_NOT_ENFORCED')
        if (each.contype !== 'CONSTR_FOREIGN' || !enforced) continue
        yield {
          object: table,
          message: `column "${column.colname}" refers to "${tableName(each.pktable)}": writes to both tables stop while the key is made`,
        }
      }
    }
  },
}

/** What can be NOT VALID: the others are indexes, with rules of their own. */
const checksRows = new Set(['CONSTR_CHECK', 'CONSTR_FOREIGN', 'CONSTR_NOTNULL'])

const missingNotValid: Rule = {
  name: 'constraint-missing-not-valid',
  level: 'block',
  why: 'A constraint that is valid at once is checked against every row while the lock is held.',
  help: 'add it NOT VALID, then VALIDATE CONSTRAINT in another transaction, which stops no reads or writes',
  also: [
    'eugene:E1',
    'strong_migrations:add_check_constraint',
    'strong_migrations:validate_check_constraint',
    'strong_migrations:validate_foreign_key',
  ],
  grows: true,
  *look(scene) {
    for (const { table, constraint } of addedConstraints(scene)) {
      const proved =
        constraint.contype === 'CONSTR_NOTNULL' &&
        strings(constraint.keys).every((each) => nullsRuledOut(scene.world, table, each))
      if (!checksRows.has(constraint.contype ?? '') || constraint.skip_validation || proved) continue
      yield { object: table, message: `${called(constraint)} is checked against all of "${table}" under the lock` }
    }
    for (const { table, column } of addedColumns(scene)) {
      const kinds = constraintsOf(column).map((each) => each.contype)
      if (kinds.includes('CONSTR_CHECK') && !kinds.includes('CONSTR_ATTR_NOT_ENFORCED'))
        yield {
          object: table,
          message: `the CHECK on new column "${column.colname}" reads all of "${table}" under the lock`,
        }
    }
    for (const { table, cmd, stmt } of commands(scene)) {
      const here = (stmt.cmds ?? []).some(
        (each) =>
          'AlterTableCmd' in each &&
          each.AlterTableCmd.def !== undefined &&
          'Constraint' in each.AlterTableCmd.def &&
          each.AlterTableCmd.def.Constraint.conname === cmd.name,
      )
      if (cmd.subtype !== 'AT_ValidateConstraint' || !(here || scene.unvalidated.has(`${table}.${cmd.name}`))) continue
      yield {
        object: table,
        message: `constraint "${cmd.name}" is validated in the transaction that added it: the lock of "${table}" is held over the scan`,
      }
    }
  },
}

const disallowedUnique: Rule = {
  name: 'disallowed-unique-constraint',
  level: 'block',
  why: 'A unique constraint builds its index under ACCESS EXCLUSIVE.',
  help: 'CREATE UNIQUE INDEX CONCURRENTLY (schema.index), then ADD CONSTRAINT … UNIQUE USING INDEX',
  also: ['eugene:E7', 'strong_migrations:add_unique_constraint'],
  grows: true,
  *look(scene) {
    for (const { table, constraint } of addedConstraints(scene)) {
      if (constraint.contype === 'CONSTR_UNIQUE' && !constraint.indexname)
        yield {
          object: table,
          message: `${called(constraint)} builds an index while nobody can read or write "${table}"`,
        }
    }
    for (const { table, column } of addedColumns(scene)) {
      if (constraintsOf(column).some((each) => each.contype === 'CONSTR_UNIQUE'))
        yield {
          object: table,
          message: `column "${column.colname}" is UNIQUE: an index is built while nobody can read or write "${table}"`,
        }
    }
  },
}

const addingPrimaryKey: Rule = {
  name: 'adding-serial-primary-key-field',
  level: 'block',
  why: 'A primary key builds its index, and may read all rows for NULLs, under ACCESS EXCLUSIVE.',
  help: 'CREATE UNIQUE INDEX CONCURRENTLY on columns that are NOT NULL, then ADD PRIMARY KEY USING INDEX',
  also: ['eugene:E7'],
  grows: true,
  *look(scene) {
    for (const { table, constraint } of addedConstraints(scene)) {
      if (constraint.contype === 'CONSTR_PRIMARY' && !constraint.indexname)
        yield { object: table, message: `the primary key builds an index while nobody can read or write "${table}"` }
    }
    for (const { table, column } of addedColumns(scene)) {
      if (constraintsOf(column).some((each) => each.contype === 'CONSTR_PRIMARY'))
        yield {
          object: table,
          message: `column "${column.colname}" is a primary key: "${table}" is rewritten and indexed while nobody can read or write it`,
        }
    }
  },
}

const addingExclusion: Rule = {
  name: 'adding-exclusion-constraint',
  level: 'block',
  why: 'An exclusion constraint cannot be NOT VALID and cannot use an index made before: it is built under ACCESS EXCLUSIVE.',
  help: 'make a new table with the constraint and move the rows there, or do it in a window without traffic',
  also: ['eugene:E8', 'strong_migrations:add_exclusion_constraint'],
  grows: true,
  *look(scene) {
    for (const { table, constraint } of addedConstraints(scene)) {
      if (constraint.contype === 'CONSTR_EXCLUSION')
        yield {
          object: table,
          message: `${called(constraint)} builds an index while nobody can read or write "${table}"`,
        }
    }
  },
}

const keyOverNullable: Rule = {
  name: 'primary-key-using-nullable-index',
  level: 'risk',
  why: 'ADD PRIMARY KEY USING INDEX sets the columns NOT NULL, which reads the whole table under ACCESS EXCLUSIVE where they were not.',
  help: 'prove the columns with a valid CHECK and SET NOT NULL first',
  also: ['eugene:W14'],
  grows: true,
  *look(scene) {
    for (const { table, constraint } of addedConstraints(scene)) {
      if (constraint.contype !== 'CONSTR_PRIMARY' || !constraint.indexname) continue
      const columns = indexColumns(scene.world, table, constraint.indexname)
      const safe = columns?.every((each) => nullsRuledOut(scene.world, table, each))
      if (!safe)
        yield {
          object: table,
          message: `index "${constraint.indexname}" becomes the primary key of "${table}"; columns that may be NULL are read through first`,
        }
    }
  },
}

const dropping: Rule = {
  name: 'dropping-constraint',
  level: 'note',
  why: 'From then on rows may break what programs take for granted, and the constraint comes back only when they are mended.',
  help: 'make sure that nobody relies on it; primary keys are spoken of by dropping-replica-identity',
  also: ['atlas:CD101'],
  *look(scene) {
    for (const { table, cmd } of commands(scene)) {
      if (cmd.subtype !== 'AT_DropConstraint' || scene.fresh(table) || isKey(scene, table, cmd.name ?? '')) continue
      if (!proofOnly(scene, table, cmd.name ?? ''))
        yield { object: table, message: `constraint "${cmd.name}" of "${table}" is dropped` }
    }
  },
}

/** True for a primary key, by the facts or, without them, by its name. */
export function isKey({ world }: Scene, table: string, name: string): boolean {
  const definition = world.facts?.tables[table]?.constraints[name]
  return definition === undefined ? name.endsWith('_pkey') : definition.startsWith('PRIMARY KEY')
}

/** A CHECK that was only there to prove NOT NULL has done its work. */
function proofOnly({ world }: Scene, table: string, name: string): boolean {
  const proves = world.proofs.get(`${table}.${name}`) ?? []
  return proves.length > 0 && proves.every((each) => world.nullable.get(`${table}.${each}`) === false)
}

export const constraintRules: readonly Rule[] = [
  addingForeignKey,
  missingNotValid,
  disallowedUnique,
  addingPrimaryKey,
  addingExclusion,
  keyOverNullable,
  dropping,
  keyWithoutIndex,
]

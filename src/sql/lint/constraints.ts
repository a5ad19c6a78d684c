/** Rules about constraints added to tables that hold rows. */
import { strings, tableName } from '../names.ts'
import { tableFacts } from '../world.ts'
import {
  type Rule,
  type Scene,
  addedColumns,
  addedConstraints,
  called,
  commands,
  constraintsOf,
  creation,
} from './rule.ts'

const addingForeignKey: Rule = {
  name: 'adding-foreign-key-constraint',
  level: 'block',
  why: 'A foreign key reads the whole table while SHARE ROW EXCLUSIVE stops every write to both tables.',
  help: 'add it NOT VALID, then VALIDATE CONSTRAINT in another transaction',
  also: ['eugene:E2', 'strong_migrations:add_foreign_key', 'strong_migrations:add_reference'],
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
        if (each.contype !== 'CONSTR_FOREIGN') continue
        yield {
          object: table,
          message: `column "${column.colname}" refers to "${tableName(each.pktable)}": writes to both tables stop while the key is made`,
        }
      }
    }
  },
}

const missingNotValid: Rule = {
  name: 'constraint-missing-not-valid',
  level: 'block',
  why: 'A constraint that is valid at once is checked against every row while the lock is held.',
  help: 'add it NOT VALID, then VALIDATE CONSTRAINT in another transaction, which stops no reads or writes',
  also: [
    'eugene:E2',
    'strong_migrations:add_check_constraint',
    'strong_migrations:validate_check_constraint',
    'strong_migrations:validate_foreign_key',
  ],
  grows: true,
  *look(scene) {
    for (const { table, constraint } of addedConstraints(scene)) {
      if (constraint.skip_validation || constraint.indexname) continue
      yield { object: table, message: `${called(constraint)} is checked against all of "${table}" under the lock` }
    }
    for (const { table, cmd } of commands(scene)) {
      if (cmd.subtype !== 'AT_ValidateConstraint' || !scene.unvalidated.has(`${table}.${cmd.name}`)) continue
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
      const columns = scene.world.indexes.get(`${table.split('.')[0]}.${constraint.indexname}`)?.columns
      const facts = tableFacts(scene.world, table)
      const safe =
        columns &&
        columns.every(
          (column) => scene.world.proved.has(`${table}.${column}`) || facts?.columns[column]?.nullable === false,
        )
      if (!safe)
        yield {
          object: table,
          message: `index "${constraint.indexname}" becomes the primary key of "${table}"; columns that may be NULL are read through first`,
        }
    }
  },
}

const keyWithoutIndex: Rule = {
  name: 'foreign-key-without-index',
  level: 'risk',
  why: 'Without an index on the referring columns, each delete or key change of the other table reads this one whole.',
  help: 'create an index on the columns first (schema.index)',
  also: ['eugene:E15'],
  *look(scene) {
    for (const { table, columns } of foreignKeys(scene)) {
      if (!indexed(scene, table, columns))
        yield {
          object: table,
          message: `no index of "${table}" begins with ${columns.map((each) => `"${each}"`).join(', ')}, which refer to another table`,
        }
    }
  },
}

function* foreignKeys(scene: Scene): Generator<{ readonly table: string; readonly columns: readonly string[] }> {
  for (const { table, cmd } of commands(scene)) {
    if (cmd.def && 'Constraint' in cmd.def && cmd.def.Constraint.contype === 'CONSTR_FOREIGN')
      yield { table, columns: strings(cmd.def.Constraint.fk_attrs) }
    if (
      cmd.def &&
      'ColumnDef' in cmd.def &&
      constraintsOf(cmd.def.ColumnDef).some((each) => each.contype === 'CONSTR_FOREIGN')
    )
      yield { table, columns: [cmd.def.ColumnDef.colname ?? ''] }
  }
  const made = creation(scene.node)
  for (const each of made?.tableElts ?? []) {
    const table = tableName(made?.relation)
    if ('Constraint' in each && each.Constraint.contype === 'CONSTR_FOREIGN')
      yield { table, columns: strings(each.Constraint.fk_attrs) }
    if ('ColumnDef' in each && constraintsOf(each.ColumnDef).some((one) => one.contype === 'CONSTR_FOREIGN'))
      yield { table, columns: [each.ColumnDef.colname ?? ''] }
  }
}

/** True when an index of the script (anywhere in it), of the facts or of a key begins with the columns, in any order. */
function indexed(scene: Scene, table: string, columns: readonly string[]): boolean {
  const begins = (index: readonly string[]) =>
    columns.every((column) => index.slice(0, columns.length).includes(column))
  const facts = tableFacts(scene.world, table)
  const known = Object.values(facts?.indexes ?? {}).map(({ definition }) =>
    (/\((.*?)\)(?: INCLUDE| WHERE| WITH|$)/.exec(definition)?.[1] ?? '')
      .split(',')
      .map((each) => each.trim().split(' ')[0]!.replaceAll('"', '')),
  )
  const written = scene.script.flatMap(({ node }): (readonly string[])[] => {
    if ('IndexStmt' in node && tableName(node.IndexStmt.relation) === table)
      return [
        (node.IndexStmt.indexParams ?? []).map((each) => ('IndexElem' in each ? (each.IndexElem.name ?? '') : '')),
      ]
    return keysWritten(node, table)
  })
  return [...known, ...written, facts?.key ?? []].some((index) => index.length > 0 && begins(index))
}

function keysWritten(node: Scene['node'], table: string): (readonly string[])[] {
  const made = creation(node)
  if (!made || tableName(made.relation) !== table) return []
  return (made.tableElts ?? []).flatMap((each) => {
    if ('Constraint' in each)
      return /PRIMARY|UNIQUE/.test(each.Constraint.contype ?? '') ? [strings(each.Constraint.keys)] : []
    if (!('ColumnDef' in each)) return []
    return constraintsOf(each.ColumnDef).some((one) => /PRIMARY|UNIQUE/.test(one.contype ?? ''))
      ? [[each.ColumnDef.colname ?? '']]
      : []
  })
}

export const constraintRules: readonly Rule[] = [
  addingForeignKey,
  missingNotValid,
  disallowedUnique,
  addingPrimaryKey,
  addingExclusion,
  keyOverNullable,
  keyWithoutIndex,
]

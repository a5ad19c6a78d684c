/** Rules about what is gone afterwards. */
import type { Node } from 'libpg-query'
import { madeBy } from '../made.ts'
import { objectName, tableName } from '../names.ts'
import { isKey } from './constraints.ts'
import { type Rule, type Scene, commands } from './rule.ts'

const seal = 'stop using it first; drop it last, in a step of the kind schema.seal, when a backup is there'

function dropRule(
  name: string,
  types: readonly string[],
  why: string,
  noun: string,
  level: Rule['level'] = 'block',
): Rule {
  return {
    name,
    level,
    why,
    help: seal,
    *look(scene) {
      if (!('DropStmt' in scene.node) || !types.includes(scene.node.DropStmt.removeType ?? '')) return
      const kind = scene.node.DropStmt.removeType
      const names = (scene.node.DropStmt.objects ?? [])
        .map(objectName)
        .filter((each) => !scene.fresh(each) && !scene.world.others.has(`${kind} ${each}`))
        .filter((each) => !madeAgain(scene, `${kind} ${each}`))
      if (names.length > 0)
        yield {
          object: names[0]!,
          message: `${noun} ${names.map((each) => `"${each}"`).join(', ')} ${names.length > 1 ? 'are' : 'is'} dropped`,
        }
    },
  }
}

/** DROP and CREATE of a view, a function or a trigger is how it is replaced. Types and sequences are not the same again. */
function madeAgain({ script, index }: Scene, made: string): boolean {
  return (
    /^OBJECT_(VIEW|MATVIEW|FUNCTION|PROCEDURE|TRIGGER) /.test(made) &&
    script.slice(index + 1).some(({ node }) => madeBy(node) === made)
  )
}

const dropColumn: Rule = {
  name: 'ban-drop-column',
  level: 'block',
  why: 'The values of the column are lost, and every program that names it fails.',
  help: seal,
  also: ['strong_migrations:remove_column'],
  *look(scene) {
    for (const { table, cmd } of commands(scene)) {
      if (cmd.subtype === 'AT_DropColumn' && !scene.fresh(table))
        yield { object: table, message: `column "${cmd.name}" of "${table}" is dropped with its values` }
    }
  },
}

const dropDatabase: Rule = {
  name: 'ban-drop-database',
  level: 'block',
  why: 'A whole database is gone, and no transaction brings it back.',
  help: 'do not do this from a plan',
  *look({ node }) {
    if ('DropdbStmt' in node)
      yield { object: node.DropdbStmt.dbname ?? '', message: `database "${node.DropdbStmt.dbname}" is dropped` }
  },
}

const truncate: Rule = {
  name: 'ban-truncate',
  level: 'block',
  why: 'All rows are gone at once, under ACCESS EXCLUSIVE, without triggers for each row.',
  help: 'move the rows away in batches, and keep a backup',
  *look(scene) {
    for (const table of truncated(scene)) yield { object: table, message: `all rows of "${table}" are removed` }
  },
}

const truncateCascade: Rule = {
  name: 'ban-truncate-cascade',
  level: 'block',
  why: 'TRUNCATE … CASCADE also empties every table that refers to this one, without naming them.',
  help: 'name each table that is to be emptied',
  *look(scene) {
    if (!('TruncateStmt' in scene.node) || scene.node.TruncateStmt.behavior !== 'DROP_CASCADE') return
    yield {
      object: truncated(scene)[0] ?? '',
      message: `tables that refer to ${truncated(scene)
        .map((each) => `"${each}"`)
        .join(', ')} are emptied too`,
    }
  },
}

function truncated(scene: Scene): readonly string[] {
  if (!('TruncateStmt' in scene.node)) return []
  return (scene.node.TruncateStmt.relations ?? [])
    .flatMap((each: Node) => ('RangeVar' in each ? [tableName(each.RangeVar)] : []))
    .filter((each) => !scene.fresh(each))
}

const cascade: Rule = {
  name: 'ban-drop-cascade',
  level: 'block',
  why: 'CASCADE drops whatever depends on the object, without naming it: views, keys, functions.',
  help: 'drop the dependents by name first, so that the plan shows them',
  *look(scene) {
    if ('DropStmt' in scene.node && scene.node.DropStmt.behavior === 'DROP_CASCADE') {
      const names = (scene.node.DropStmt.objects ?? []).map(objectName).filter((each) => !scene.fresh(each))
      if (names.length > 0)
        yield {
          object: names[0]!,
          message: `whatever depends on ${names.map((each) => `"${each}"`).join(', ')} is dropped too`,
        }
    }
    for (const { table, cmd } of commands(scene)) {
      const drops = cmd.subtype === 'AT_DropColumn' || cmd.subtype === 'AT_DropConstraint'
      if (drops && cmd.behavior === 'DROP_CASCADE' && !scene.fresh(table))
        yield { object: table, message: `whatever depends on "${cmd.name}" of "${table}" is dropped too` }
    }
  },
}

const dropPrimaryKey: Rule = {
  name: 'dropping-replica-identity',
  level: 'risk',
  why: 'Without a primary key or replica identity, logical replication refuses updates and deletes, and keyset work has no key.',
  help: 'make the new key first: a unique index CONCURRENTLY, then both changes in one statement',
  *look(scene) {
    for (const { table, cmd } of commands(scene)) {
      if (scene.fresh(table)) continue
      if (cmd.subtype === 'AT_DropConstraint' && isKey(scene, table, cmd.name ?? ''))
        yield { object: table, message: `the primary key "${cmd.name}" of "${table}" is dropped` }
      if (
        cmd.subtype === 'AT_ReplicaIdentity' &&
        cmd.def &&
        'ReplicaIdentityStmt' in cmd.def &&
        cmd.def.ReplicaIdentityStmt.identity_type === 'n'
      )
        yield { object: table, message: `"${table}" loses its replica identity` }
    }
  },
}

export const destructionRules: readonly Rule[] = [
  dropColumn,
  dropRule(
    'ban-drop-table',
    ['OBJECT_TABLE', 'OBJECT_FOREIGN_TABLE'],
    'The rows are lost, and every program that names the table fails.',
    'table',
  ),
  dropDatabase,
  dropRule('ban-drop-schema', ['OBJECT_SCHEMA'], 'A schema goes with all that is in it.', 'schema'),
  dropRule(
    'dropping-object',
    [
      'OBJECT_VIEW',
      'OBJECT_MATVIEW',
      'OBJECT_FUNCTION',
      'OBJECT_PROCEDURE',
      'OBJECT_TYPE',
      'OBJECT_DOMAIN',
      'OBJECT_SEQUENCE',
      'OBJECT_EXTENSION',
      'OBJECT_TRIGGER',
    ],
    'Programs of the old version may still use it.',
    'object',
    'risk',
  ),
  cascade,
  truncate,
  truncateCascade,
  dropPrimaryKey,
]

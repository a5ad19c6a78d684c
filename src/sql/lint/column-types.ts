/** Rules of taste about types that are regretted later, and about enumerations and domains. Mostly notes. */
import { builtin, objectName, partsName, strings, writtenType } from '../names.ts'
import { type Rule, writtenColumns } from './rule.ts'

function typeRule(
  name: string,
  types: RegExp,
  why: string,
  help: string,
  more: { readonly sized?: true; readonly also?: readonly string[] } = {},
): Rule {
  return {
    name,
    level: 'note',
    why,
    help,
    ...(more.also ? { also: more.also } : {}),
    *look(scene) {
      for (const each of writtenColumns(scene)) {
        const type = writtenType(each.column.typeName)
        if (!builtin(type) || !types.test(type.name) || (more.sized && type.args.length === 0)) continue
        yield { object: each.table, message: `column "${each.name}" of "${each.table}" has the type ${type.name}` }
      }
    },
  }
}

const createDomain: Rule = {
  name: 'ban-create-domain-with-constraint',
  level: 'risk',
  why: 'Changing the constraint of a domain later reads every table that uses it, and there is no way around it.',
  help: 'put the constraint on the column',
  *look({ node }) {
    if (!('CreateDomainStmt' in node)) return
    const kinds = (node.CreateDomainStmt.constraints ?? []).map(
      (each) => 'Constraint' in each && each.Constraint.contype,
    )
    if (!kinds.some((kind) => kind === 'CONSTR_CHECK' || kind === 'CONSTR_NOTNULL')) return
    yield {
      object: strings(node.CreateDomainStmt.domainname).join('.'),
      message: `domain "${strings(node.CreateDomainStmt.domainname).join('.')}" carries a constraint`,
    }
  },
}

const alterDomain: Rule = {
  name: 'ban-alter-domain-with-add-constraint',
  level: 'block',
  why: 'Every column of the domain, in every table, is read while SHARE stops writes.',
  help: 'put the constraint on the columns, NOT VALID first',
  *look({ node }) {
    if (
      !('AlterDomainStmt' in node) ||
      node.AlterDomainStmt.def === undefined ||
      !('Constraint' in node.AlterDomainStmt.def)
    )
      return
    if (
      node.AlterDomainStmt.def.Constraint.contype === 'CONSTR_NOTNULL' &&
      !node.AlterDomainStmt.def.Constraint.conname
    )
      return
    const name = strings(node.AlterDomainStmt.typeName).join('.')
    const later = node.AlterDomainStmt.def.Constraint.skip_validation === true
    yield {
      object: name,
      ...(later ? { level: 'note' } : {}),
      message: `a constraint is added to domain "${name}"${later ? ', NOT VALID: no row is read yet' : ''}`,
    }
  },
}

const domainNotNull: Rule = {
  name: 'setting-domain-not-null',
  level: 'block',
  why: 'Every column of the domain, in every table, is read while SHARE stops writes.',
  help: 'put NOT NULL on the columns, by a CHECK that is NOT VALID first',
  *look({ node }) {
    if (!('AlterDomainStmt' in node) || node.AlterDomainStmt.subtype !== 'O') return
    const name = strings(node.AlterDomainStmt.typeName).join('.')
    yield { object: name, message: `domain "${name}" is made NOT NULL` }
  },
}

const createEnum: Rule = {
  name: 'creating-enum',
  level: 'note',
  why: 'A value of an enumeration can never be removed, and its order never changed.',
  help: 'a table of the values with a foreign key, or text with a CHECK',
  also: ['eugene:W13'],
  *look({ node }) {
    if ('CreateEnumStmt' in node)
      yield {
        object: strings(node.CreateEnumStmt.typeName).join('.'),
        message: `enumeration "${strings(node.CreateEnumStmt.typeName).join('.')}" is made`,
      }
  },
}

const enumOrder: Rule = {
  name: 'require-enum-value-ordering',
  level: 'note',
  why: 'Without BEFORE or AFTER a new value is the largest, and comparisons change their meaning in silence.',
  help: 'say BEFORE or AFTER which value it stands',
  *look({ node }) {
    if (!('AlterEnumStmt' in node) || node.AlterEnumStmt.oldVal || node.AlterEnumStmt.newValNeighbor) return
    const name = strings(node.AlterEnumStmt.typeName).join('.')
    yield { object: name, message: `value "${node.AlterEnumStmt.newVal}" is put at the end of "${name}"` }
  },
}

const enumUsed: Rule = {
  name: 'enum-value-used-in-same-transaction',
  level: 'block',
  why: 'A value added to an enumeration cannot be used before its transaction is committed; the server refuses it.',
  help: 'add the value in a step of its own',
  *look({ node, newEnumValues, statement, transaction, version, world }) {
    // A value of a type that the same transaction made can be used, and added, at once.
    const own =
      'AlterEnumStmt' in node && world.others.has(`OBJECT_TYPE ${partsName(strings(node.AlterEnumStmt.typeName))}`)
    if ('AlterEnumStmt' in node && !node.AlterEnumStmt.oldVal && transaction !== 'none' && version < 12 && !own) {
      yield {
        object: objectName({ List: { items: node.AlterEnumStmt.typeName ?? [] } }),
        message: `before PostgreSQL 12 ADD VALUE cannot run inside a transaction`,
      }
    }
    if ('AlterEnumStmt' in node || 'CommentStmt' in node || 'CreateFunctionStmt' in node) return
    for (const value of newEnumValues) {
      if (statement.text.includes(`'${value.replaceAll("'", "''")}'`))
        yield { object: '', message: `enum value "${value}" is used in the transaction that adds it` }
    }
  },
}

export const typeRules: readonly Rule[] = [
  typeRule('ban-char-field', /^bpchar$/, 'char(n) pads with spaces and is slower than text.', 'use text', {
    sized: true,
  }),
  typeRule(
    'prefer-bigint-over-int',
    /^(int4|integer|int|serial4?)$/,
    'An int runs out at 2,147,483,647, and the change to bigint rewrites the table.',
    'use bigint',
  ),
  typeRule(
    'prefer-bigint-over-smallint',
    /^(int2|smallint|smallserial|serial2)$/,
    'A smallint runs out at 32,767, and the change rewrites the table.',
    'use bigint',
  ),
  typeRule(
    'prefer-identity',
    /^(big|small)?serial[248]?$/,
    'serial makes a sequence with rights and ownership of its own.',
    'use GENERATED … AS IDENTITY',
  ),
  typeRule(
    'prefer-text-field',
    /^varchar$/,
    'To narrow or shorten the limit later needs ACCESS EXCLUSIVE.',
    'use text, with a CHECK where the length matters',
    { sized: true },
  ),
  typeRule(
    'prefer-timestamp-tz',
    /^timestamp$/,
    'A timestamp without time zone does not say which instant it is.',
    'use timestamptz',
  ),
  createDomain,
  alterDomain,
  domainNotNull,
  createEnum,
  enumOrder,
  enumUsed,
]

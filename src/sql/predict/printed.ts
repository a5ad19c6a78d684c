/** How the server prints names, types and constants in its catalog. Where that is not certain, the answer is `unknown`. */
import type { Node } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { type WrittenType, builtin, strings, writtenType } from '../names.ts'
import { reserved } from '../parser.ts'

const plain: Readonly<Record<string, string>> = {
  int2: 'smallint',
  smallint: 'smallint',
  smallserial: 'smallint',
  serial2: 'smallint',
  int4: 'integer',
  serial: 'integer',
  serial4: 'integer',
  int8: 'bigint',
  bigserial: 'bigint',
  serial8: 'bigint',
  bool: 'boolean',
  float4: 'real',
  float8: 'double precision',
}
const asWritten = new Set(
  'text uuid json jsonb bytea date inet cidr macaddr xml money tsvector tsquery point interval oid name int4range int8range numrange daterange tsrange tstzrange'.split(
    ' ',
  ),
)

/** The text of `format_type`. `enums` are the keys of the site's own types. */
export function printedType(type: WrittenType, enums: ReadonlySet<string> = new Set()): string {
  const bare = element(type, enums)
  return bare === unknown || !type.array ? bare : `${bare}[]`
}

function element(type: WrittenType, enums: ReadonlySet<string>): string {
  const own = `${type.schema ?? 'public'}.${type.name}`
  if (!builtin(type) || enums.has(own))
    return enums.has(own) && type.args.length === 0 && simple(type.name) ? own : unknown
  const [first, second] = type.args
  const size = first === undefined ? '' : `(${first})`
  if (type.name === 'varchar') return `character varying${size}`
  if (type.name === 'varbit') return `bit varying${size}`
  if (type.name === 'bpchar') return first === undefined ? 'bpchar' : `character${size}`
  if (type.name === 'bit') return `bit(${first ?? 1})`
  if (type.name === 'numeric' || type.name === 'decimal')
    return first === undefined ? 'numeric' : `numeric(${first},${second ?? 0})`
  const zoned = /^(timestamp|time)(tz)?$/.exec(type.name)
  if (zoned) return `${zoned[1]}${size} ${zoned[2] ? 'with' : 'without'} time zone`
  if (type.args.length > 0) return unknown
  return plain[type.name] ?? (asWritten.has(type.name) ? type.name : unknown)
}

/** True for a name that the server prints without quotes. */
function simple(name: string): boolean {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved(name)
}

export function printedName(name: string): string {
  return simple(name) ? name : `"${name.replaceAll('"', '""')}"`
}

export function printedKey(key: string): string {
  const dot = key.indexOf('.')
  return `${printedName(key.slice(0, dot))}.${printedName(key.slice(dot + 1))}`
}

const steadyCalls = new Set([
  'now',
  'gen_random_uuid',
  'clock_timestamp',
  'statement_timestamp',
  'transaction_timestamp',
  'random',
])

/** A default as `pg_get_expr` prints it; null for none. */
export function printedDefault(
  expression: Node | undefined,
  type: WrittenType,
  enums: ReadonlySet<string>,
): string | null {
  if (expression === undefined) return unknown
  if ('A_Const' in expression) return printedConstant(expression.A_Const, type, enums)
  if ('TypeCast' in expression && expression.TypeCast.arg && 'A_Const' in expression.TypeCast.arg) {
    const cast = writtenType(expression.TypeCast.typeName)
    const same = cast.name === type.name && cast.array === type.array && cast.args.length === 0 && cast.name !== 'bool'
    return same ? printedConstant(expression.TypeCast.arg.A_Const, type, enums) : unknown
  }
  if ('FuncCall' in expression && !expression.FuncCall.args) {
    const [name, more] = strings(expression.FuncCall.funcname)
    return more === undefined && name !== undefined && steadyCalls.has(name) ? `${name}()` : unknown
  }
  if ('SQLValueFunction' in expression) {
    if (expression.SQLValueFunction.op === 'SVFOP_CURRENT_TIMESTAMP') return 'CURRENT_TIMESTAMP'
    if (expression.SQLValueFunction.op === 'SVFOP_CURRENT_DATE') return 'CURRENT_DATE'
  }
  return unknown
}

type Constant = Extract<Node, { A_Const: unknown }>['A_Const']

function printedConstant(constant: Constant, type: WrittenType, enums: ReadonlySet<string>): string | null {
  const bare = printedType({ ...type, args: [] }, enums)
  if (constant.isnull) return type.args.length > 0 && !type.array ? `NULL::${bare}` : null
  if (type.array) return unknown
  if (constant.boolval) return type.name === 'bool' ? String(constant.boolval.boolval === true) : unknown
  const number = /^(int[248]|numeric|decimal|float8)$/.test(type.name)
  if (constant.ival) {
    const value = constant.ival.ival ?? 0
    return !number ? unknown : value < 0 ? `'${value}'::integer` : String(value)
  }
  if (constant.fval)
    return type.name === 'numeric' && /^\d+\.\d+$/.test(constant.fval.fval ?? '')
      ? (constant.fval.fval ?? unknown)
      : unknown
  const text = constant.sval?.sval ?? ''
  const kept =
    type.name === 'text' ||
    type.name === 'varchar' ||
    type.name === 'json' ||
    (type.name === 'jsonb' && /^(\[\]|\{\})$/.test(text)) ||
    enums.has(`${type.schema ?? 'public'}.${type.name}`)
  return constant.sval && kept && bare !== unknown && !text.includes('\\')
    ? `'${text.replaceAll("'", "''")}'::${bare}`
    : unknown
}

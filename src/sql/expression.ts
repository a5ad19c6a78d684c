/** Is an expression the same for every row? Decides whether a default is stored once or rewrites the table. Knows no table. */
import type { Node } from 'libpg-query'
import { strings, walk } from './names.ts'

/** Functions of the server that are immutable or stable and plausible in a default. What is not named here may be volatile. */
const steady = new Set(
  (
    'now transaction_timestamp statement_timestamp timezone date_trunc date_part date_bin extract age make_date make_time make_timestamp make_timestamptz ' +
    'make_interval to_timestamp to_date to_char to_number to_json to_jsonb row_to_json json_build_object jsonb_build_object json_build_array jsonb_build_array ' +
    'json_object jsonb_object jsonb_set array_to_json upper lower initcap concat concat_ws format length char_length octet_length substring substr left right ' +
    'lpad rpad ltrim rtrim btrim trim replace translate repeat reverse split_part md5 sha224 sha256 sha384 sha512 encode decode convert_to convert_from ' +
    'chr ascii quote_ident quote_literal abs ceil ceiling floor round trunc sign sqrt power pow exp ln log mod div pi greatest least coalesce nullif ' +
    'array_append array_prepend array_cat array_fill string_to_array array_to_string regexp_replace point box circle int4range int8range numrange daterange ' +
    'tsrange tstzrange to_tsvector to_tsquery plainto_tsquery setweight current_database current_schema current_setting pg_typeof inet_client_addr ' +
    'session_user user version uuid_nil uuid_ns_dns text varchar int4 int8 numeric float8 bool date timestamptz timestamp hashtext set_bit get_bit'
  ).split(' '),
)

/** Those of them that take no arguments: with some, it is another function of the same name. */
const bare = new Set(['now', 'transaction_timestamp', 'statement_timestamp'])

/** The calls in an expression that may give another value for each row; empty where it is the same for all. */
export function volatileCalls(expression: Node | undefined): readonly string[] {
  const found: string[] = []
  for (const { type, node } of walk(expression)) {
    if (type === 'SubLink') found.push('a subquery')
    if (type !== 'FuncCall') continue
    const parts = strings(node['funcname'] as Node[])
    const name = parts.at(-1) ?? ''
    const own = parts.length === 1 || parts[0] === 'pg_catalog'
    if (own && steady.has(name) && !(bare.has(name) && node['args'])) continue
    found.push(`${parts.join('.')}()`)
  }
  return [...new Set(found)]
}

/** The columns an expression names. */
export function columnsOf(expression: Node | undefined): readonly string[] {
  const found: string[] = []
  for (const { type, node } of walk(expression)) {
    if (type === 'ColumnRef') found.push(strings(node['fields'] as Node[]).at(-1) ?? '*')
  }
  return [...new Set(found)]
}

/** The columns that `expression` demands to be there: `a IS NOT NULL`, alone or joined by AND. */
export function demandsValue(expression: Node | undefined): readonly string[] {
  if (expression === undefined) return []
  if ('NullTest' in expression && expression.NullTest.nulltesttype === 'IS_NOT_NULL')
    return columnsOf(expression.NullTest.arg)
  if ('BoolExpr' in expression && expression.BoolExpr.boolop === 'AND_EXPR')
    return (expression.BoolExpr.args ?? []).flatMap(demandsValue)
  return []
}

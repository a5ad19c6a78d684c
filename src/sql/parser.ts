/** SQL text to statements, by the server's own grammar (libpg_query 18, compiled to WASM). Knows no rule and no server. */
import type { Node, SqlError } from 'libpg-query'
import { ChangeoverError } from '../core/errors.ts'
import { walk } from './names.ts'

type Parser = typeof import('libpg-query')

/** One statement: its own text without the semicolon, where it starts (line from 1, UTF-8 byte from 0), and its tree. */
export interface Statement {
  readonly text: string
  readonly line: number
  readonly byte: number
  readonly node: Node
}

let parser: Parser | undefined

/** Loads the grammar once: about 40 ms, so only modules that parse ask for it (`await loadParser()` at their top). */
export async function loadParser(): Promise<void> {
  if (parser) return
  const loading = await import('libpg-query')
  await loading.loadModule()
  parser = loading
}

/** The statements of a script, in order. A syntax error is `plan.invalid` with the line and what stands there. */
export function parse(sql: string): readonly Statement[] {
  const bytes = Buffer.from(sql)
  return trees(sql).map(({ stmt, stmt_location = 0, stmt_len }) => {
    const whole = bytes.subarray(stmt_location, stmt_len ? stmt_location + stmt_len : undefined).toString()
    const text = whole.replace(leading, '')
    const byte = stmt_location + Buffer.byteLength(whole) - Buffer.byteLength(text)
    return { text: text.trimEnd(), line: lineAt(bytes, byte), byte, node: stmt! }
  })
}

/** The statements in the body of a DO block, with their line in it. `opaque`: it also runs text that is put together at run time. */
export function bodyOf(block: string): {
  readonly lines: readonly { readonly text: string; readonly line: number }[]
  readonly opaque: boolean
} {
  const lines: { text: string; line: number }[] = []
  let opaque = false
  try {
    for (const { type, node } of walk(loaded().parsePlPgSQLSync(block))) {
      const line = typeof node['lineno'] === 'number' ? node['lineno'] : 1
      if (type === 'PLpgSQL_stmt_execsql') lines.push({ text: queryOf(node['sqlstmt']), line })
      if (type !== 'PLpgSQL_stmt_dynexecute') continue
      const literal = /^'((?:[^']|'')*)'$/.exec(queryOf(node['query']))?.[1]
      if (literal === undefined) opaque = true
      else lines.push({ text: literal.replaceAll("''", "'"), line })
    }
  } catch {
    // Another language, or a body that only the server can read.
    return { lines: [], opaque: true }
  }
  return { lines, opaque }
}

function queryOf(expression: unknown): string {
  return (expression as { PLpgSQL_expr?: { query?: string } } | undefined)?.PLpgSQL_expr?.query ?? ''
}

/** The tokens of a script: comments too, with their first byte. */
export function scan(
  sql: string,
): readonly { readonly text: string; readonly start: number; readonly end: number; readonly name: string }[] {
  if (sql.trim() === '') return []
  return loaded()
    .scanSync(sql)
    .tokens.map(({ text, start, end, tokenName }) => ({ text, start, end, name: tokenName }))
}

/** True for a word that must be quoted to be a name. */
export function reserved(word: string): boolean {
  return loaded()
    .scanSync(word)
    .tokens.some(({ keywordKind }) => keywordKind > 1)
}

/** The line, from 1, in which a byte of the text stands. */
export function lineAt(bytes: Buffer, byte: number): number {
  let line = 1
  for (let at = bytes.indexOf(10); at >= 0 && at < byte; at = bytes.indexOf(10, at + 1)) line++
  return line
}

/** White space and comments before a statement. */
const leading = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/

function trees(sql: string) {
  if (sql.trim() === '') return []
  try {
    return loaded().parseSync(sql).stmts ?? []
  } catch (error) {
    if (!(error instanceof loaded().SqlError)) throw error
    throw refused(sql, error)
  }
}

function refused(sql: string, error: SqlError): ChangeoverError {
  const at = Math.max(0, error.sqlDetails?.cursorPosition ?? 0)
  const line = sql.slice(0, at).split('\n').length
  const text = sql.split('\n')[line - 1]?.trim().slice(0, 80) ?? ''
  return new ChangeoverError(
    'plan.invalid',
    `the SQL is not valid in line ${line}, "${text}": ${error.message}`,
    'mend the SQL; it is read as PostgreSQL 18 reads it',
  )
}

function loaded(): Parser {
  if (parser) return parser
  throw new ChangeoverError(
    'plan.invalid',
    'the SQL parser is not loaded yet',
    'await loadParser() once before SQL is parsed',
  )
}

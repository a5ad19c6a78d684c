/** SQL text to statements, by the server's own grammar (libpg_query 18, compiled to WASM). Knows no rule and no server. */
import type { Node } from 'libpg-query'
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

/** The statements of a script, in order. What cannot be read is `plan.invalid`, with line and column and what stands there. */
export function parse(script: string): readonly Statement[] {
  const sql = withoutMark(script)
  const bytes = Buffer.from(sql)
  const lineOf = lineCounter(bytes)
  return trees(sql).map(({ stmt, stmt_location = 0, stmt_len }) => {
    const whole = bytes.subarray(stmt_location, stmt_len ? stmt_location + stmt_len : undefined).toString()
    const text = whole.replace(leading, '')
    const byte = stmt_location + Buffer.byteLength(whole) - Buffer.byteLength(text)
    return { text: text.trimEnd(), line: lineOf(byte), byte, node: stmt! }
  })
}

/** A script as it is read from a file: without the mark that some editors put before it. */
export function withoutMark(sql: string): string {
  return sql.startsWith('\uFEFF') ? sql.slice(1) : sql
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

/** The line, from 1, in which a byte of the text stands; asked in rising order, each line is counted once. */
export function lineCounter(bytes: Buffer): (byte: number) => number {
  let [line, seen] = [1, 0]
  return (byte) => {
    if (byte < seen) [line, seen] = [1, 0]
    for (let at = bytes.indexOf(10, seen); at >= 0 && at < byte; at = bytes.indexOf(10, seen)) {
      line++
      seen = at + 1
    }
    return line
  }
}

/** White space and comments before a statement. */
const leading = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/

function trees(sql: string) {
  if (sql.trim() === '') return []
  // The grammar takes a NUL for the end: what stands behind it would be left out in silence.
  if (sql.includes('\0')) throw refused(sql, sql.indexOf('\0'), 'a NUL byte, which PostgreSQL takes in no text')
  try {
    return loaded().parseSync(sql).stmts ?? []
  } catch (error) {
    if (error instanceof loaded().SqlError) {
      const [reason = ''] = error.message.split('\n')
      // The position counts characters, not the halves that JavaScript makes of some.
      const before = Array.from(sql).slice(0, Math.max(0, error.sqlDetails?.cursorPosition ?? 0))
      throw refused(sql, before.join('').length, reason)
    }
    if (error instanceof RangeError) throw refused(sql, 0, 'an expression is nested too deeply to be read')
    throw error
  }
}

function refused(sql: string, at: number, reason: string): ChangeoverError {
  const before = sql.slice(0, at).split('\n')
  const whole = sql.split('\n')[before.length - 1] ?? ''
  const text = whole.trim().slice(0, 80).replaceAll('\0', '\\0')
  return new ChangeoverError(
    'plan.invalid',
    `the SQL is not valid in line ${before.length}, column ${Array.from(before.at(-1) ?? '').length + 1}, "${text}": ${reason.slice(0, 200)}`,
    helpFor(sql, before.length, whole),
  )
}

/** Forms of psql are the likeliest of what is no SQL. */
function helpFor(sql: string, line: number, text: string): string {
  if (/^\s*\\[a-z!?]/i.test(text)) return 'commands of psql, which begin with a backslash, are no SQL: leave them out'
  if (/:['"]?\w/.test(text.replaceAll('::', ''))) return 'variables of psql are no SQL: write the value itself'
  const earlier = sql
    .split('\n')
    .slice(Math.max(0, line - 3), line)
    .join('\n')
  if (/\bcopy\b[^;]*\bfrom\s+stdin\b/i.test(earlier))
    return 'rows of COPY … FROM STDIN cannot stand in a script: write INSERT'
  return 'mend the SQL; it is read as PostgreSQL 18 reads it'
}

function loaded(): Parser {
  if (parser) return parser
  throw new ChangeoverError(
    'plan.invalid',
    'the SQL parser is not loaded yet',
    'await loadParser() once before SQL is parsed',
  )
}

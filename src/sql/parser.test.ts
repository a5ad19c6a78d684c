import { describe, expect, it } from 'vitest'
import { ChangeoverError } from '../core/errors.ts'
import { lint } from './lint/index.ts'
import { loadParser, parse } from './parser.ts'

await loadParser()

describe('what a script may look like', () => {
  const cases: readonly (readonly [string, string, readonly (readonly [number, string])[]])[] = [
    ['nothing', '', []],
    ['only white space and comments', ' \r\n-- x\n/* y */;;', []],
    ['a mark at its start, as Windows writes it', '\uFEFFSELECT 1;', [[1, 'SELECT 1']]],
    [
      'CRLF',
      'SELECT 1;\r\n\r\nSELECT 2\r\n;',
      [
        [1, 'SELECT 1'],
        [3, 'SELECT 2'],
      ],
    ],
    [
      'letters of several bytes, comments in comments',
      "SELECT 'ä😀';\n/* a /* b */ c */ SELECT 2",
      [
        [1, "SELECT 'ä😀'"],
        [2, 'SELECT 2'],
      ],
    ],
  ]
  it.each(cases)('%s', (_, sql, expected) => {
    expect(parse(sql).map(({ line, text }) => [line, text])).toEqual(expected)
  })
})

describe('what cannot be read is told with line and column', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'SELECT 1;\nALTER TABEL t ADD c int;',
      'line 2, column 7, "ALTER TABEL t ADD c int;": syntax error',
      'mend the SQL',
    ],
    ["SELECT 'ä😀' SELEC SELEC", 'column 19, ', 'mend the SQL'],
    ['SELECT 1;\n\\d t', 'line 2, column 1, "\\d t": syntax error', 'commands of psql'],
    ['SELECT id FROM t\nWHERE id = :id', 'line 2, column 12, ', 'variables of psql'],
    ['COPY t (a, b) FROM stdin;\n1\t2\n\\.\n', 'line 2, column 1, ', 'COPY … FROM STDIN'],
    ["SELECT 1;\n  SELECT 'abc", 'line 2, column 10, "SELECT \'abc": unterminated quoted string', 'mend the SQL'],
    ['DO $$ BEGIN', 'line 1, column 4, "DO $$ BEGIN": unterminated dollar-quoted string', 'mend the SQL'],
    ['SELECT 1;\n/* open', 'line 2, column 1, "/* open": unterminated /* comment', 'mend the SQL'],
    ['ALTER TABLE t', 'line 1, column 14, "ALTER TABLE t": syntax error at end of input', 'mend the SQL'],
    ['SELECT 1;\0DROP TABLE t', 'line 1, column 10, "SELECT 1;\\0DROP TABLE t": a NUL byte', 'mend the SQL'],
    [`SELECT ${'1+'.repeat(50_000)}1`, 'nested too deeply', 'mend the SQL'],
  ]
  it.each(cases)('%j', (sql, message, help) => {
    const thrown = (() => {
      try {
        return lint(sql)
      } catch (error) {
        return error
      }
    })()
    expect(thrown).toBeInstanceOf(ChangeoverError)
    const { code, message: said, help: way } = thrown as ChangeoverError
    expect([code, said.includes(message), way.startsWith(help) || way.includes(help)]).toEqual([
      'plan.invalid',
      true,
      true,
    ])
  })
})

it('reads a script of a megabyte, and expressions a thousand levels deep', () => {
  const many = Array.from(
    { length: 12_000 },
    (_, at) => `ALTER TABLE t${at} DROP COLUMN c; -- a remark about table ${at}, so that it grows long`,
  )
  const found = lint(many.join('\n'), {
    exclude: ['require-lock-timeout', 'require-statement-timeout', 'prefer-robust-stmts'],
  })
  expect([many.join('\n').length > 1_000_000, found.length, found.at(-1)?.message.endsWith('(line 12000)')]).toEqual([
    true,
    12_000,
    true,
  ])
  expect(lint(`UPDATE t SET a = ${'1+'.repeat(1000)}1 WHERE id = 5`)).toEqual([])
})

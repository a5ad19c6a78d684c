/** SQL and TypeScript give the same result, value by value and refusal by refusal, on real servers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresSources, startPostgres, type PostgresServer } from '../testing/postgres.ts'
import {
  compileLens,
  type CompiledLens,
  type Doc,
  JsonNumber,
  JsonText,
  type LensData,
  stringifyJson,
  toSql,
} from './index.ts'

interface Cases {
  readonly now: string
  /** Values by type, or by the name and type of a column that needs others. */
  readonly pools: Readonly<Record<string, readonly (string | null)[]>>
  readonly cases: readonly { readonly name: string; readonly data: LensData; readonly a: Types; readonly b: Types }[]
}
const { now, pools, cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'sql-agreement.cases.json'), 'utf8'),
) as Cases
/** Rows for each lens and direction: `CHANGEOVER_LENS_ROWS=2000 CHANGEOVER_LENS_SEED=7` tries more of them, and others. */
const rows = Number(process.env['CHANGEOVER_LENS_ROWS'] ?? 40)
const seed = Number(process.env['CHANGEOVER_LENS_SEED'] ?? 0)
const sources = postgresSources()
for (const [source, why] of Object.entries(sources.missing)) console.warn(`skipped: PostgreSQL ${source}: ${why}`)

/** Values as a row holds them, from the text that the server sends. */
function decode(type: string, text: string | null): unknown {
  if (text === null) return null
  if (type === 'boolean') return text === 't' || text === 'true'
  if (type === 'integer' || type === 'smallint' || type === 'double precision') return Number(text)
  if (type === 'bigint') return BigInt(text)
  return type === 'jsonb' || type === 'json' ? new JsonText(text) : text
}

/** The text that a row would be written with; undefined where the column does not take such a value. */
function encode(type: string, value: unknown): string | null | undefined {
  if (value === undefined || value === null) return null
  if (type === 'jsonb' || type === 'json') return stringifyJson(value)
  const number = typeof value === 'bigint' || typeof value === 'number' || value instanceof JsonNumber
  if (type === 'boolean') return typeof value === 'boolean' ? String(value) : undefined
  if (['integer', 'bigint', 'smallint', 'double precision'].includes(type)) return number ? String(value) : undefined
  if (type === 'numeric' && number) return String(value)
  return typeof value === 'string' ? value : undefined
}

/** A small generator of our own: the same rows on each run. */
function picker(seed: number): <T>(items: readonly T[]) => T {
  let state = seed
  return (items) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return items[(state >> 8) % items.length]!
  }
}

type Row = Readonly<Record<string, string | null>>
type Types = Readonly<Record<string, string>>

describe.each(sources.found)('on PostgreSQL (%s)', (source) => {
  let server: PostgresServer
  let client: pg.Client
  beforeAll(async () => {
    server = await startPostgres({
      source,
      settings: { fsync: 'off', TimeZone: 'Asia/Kolkata', DateStyle: 'SQL, DMY' },
    })
    client = new pg.Client(server.url())
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
  const from = (types: Types, alias: string, first: number) =>
    `(SELECT ${Object.entries(types)
      .map(([name, type], i) => `$${first + i}::${type} AS ${quote(name)}`)
      .join(', ')} OFFSET 0) AS ${alias}`
  const values = (types: Types, row: Row) => Object.keys(types).map((name) => row[name] ?? null)
  const doc = (types: Types, row: Row): Doc =>
    Object.fromEntries(Object.entries(types).map(([name, type]) => [name, decode(type, row[name] ?? null)]))

  /** What the row holds for what was sent: instants as to_json spells them, numerics with their digits. */
  async function settle(types: Types, row: Row): Promise<Row> {
    const columns = Object.entries(types).map(([name, type]) => {
      const column = `x.${quote(name)}`
      if (type === 'timestamp with time zone')
        return `to_json(${column} AT TIME ZONE 'UTC') #>> '{}' || '+00:00' AS ${quote(name)}`
      return type === 'date' ? `to_json(${column}) #>> '{}' AS ${quote(name)}` : `${column}::text AS ${quote(name)}`
    })
    const answer = await client.query<Row>(
      `SELECT ${columns.join(', ')} FROM ${from(types, 'x', 1)}`,
      values(types, row),
    )
    return answer.rows[0]!
  }

  async function made(
    assignments: readonly { column: string; expression: string }[],
    reading: Types,
    holding: Types,
    row: Row,
    was: Row | undefined,
    types: Types,
  ) {
    const columns = assignments.map(
      (each) => `(${each.expression})::${types[each.column]}::text AS ${quote(each.column)}`,
    )
    const tables = [from(reading, 'r', 1), ...(was ? [from(holding, 'w', 1 + Object.keys(reading).length)] : [])]
    const given = [...values(reading, row), ...(was ? values(holding, was) : [])]
    try {
      const answer = await client.query<Row>(`SELECT ${columns.join(', ')} FROM ${tables.join(', ')}`, given)
      return { row: answer.rows[0]! }
    } catch (error) {
      return {
        error: (error as Error).message,
        statement: columns.join(',\n'),
        code: (error as { code?: string }).code,
      }
    }
  }

  async function expected(
    run: CompiledLens['forward'],
    columns: readonly string[],
    reading: Types,
    holding: Types,
    row: Row,
    was: Row | undefined,
  ) {
    try {
      const result = run(doc(reading, row), was && doc(holding, was))
      const sent = columns.map((name) => encode(holding[name]!, result[name]))
      if (sent.includes(undefined)) return { error: 'the column does not take it' }
      const casts = columns.map((name, i) => `$${i + 1}::${holding[name]}::text AS ${quote(name)}`)
      return { row: (await client.query<Row>(`SELECT ${casts.join(', ')}`, sent as string[])).rows[0]! }
    } catch (error) {
      return { error: (error as Error).message }
    }
  }

  it.each(cases)('$name', async ({ data, a, b }) => {
    const lens = compileLens(data, { now })
    const pick = picker(data.length * 7 + JSON.stringify(data).length + seed * 7919)
    const random = (types: Types): Row =>
      Object.fromEntries(
        Object.entries(types).map(([name, type]) => [name, pick(pools[`${name} ${type}`] ?? pools[type] ?? [null])]),
      )
    let [met, refused] = [0, 0]
    for (let i = 0; i < rows; i++) {
      for (const direction of ['forward', 'backward'] as const) {
        const [reading, holding] = direction === 'forward' ? [a, b] : [b, a]
        const opposite = direction === 'forward' ? lens.backward : lens.forward
        let row = await settle(reading, random(reading))
        let was: Row | undefined = i % 4 === 0 ? undefined : await settle(holding, random(holding))
        if (i % 4 >= 2) {
          const seen = await expected(
            opposite,
            Object.keys(reading),
            holding,
            reading,
            was!,
            i % 4 === 2 ? row : undefined,
          )
          if (seen.row) row = await settle(reading, seen.row)
          if (i % 8 >= 6) was = await settle(holding, random(holding))
        }
        const rendered = toSql(data, {
          dialect: 'postgres',
          row: 'r',
          ...(was ? { was: 'w' } : {}),
          types: { a, b },
          now,
        })
        if ('refused' in rendered) throw new Error(`not rendered: ${rendered.refused.op}: ${rendered.refused.why}`)
        const assignments = rendered.sql[direction]
        const columns = assignments.map((each) => each.column)
        const sql = await made(assignments, reading, holding, row, was, holding)
        const js = await expected(lens[direction], columns, reading, holding, row, was)
        const shown = JSON.stringify({ direction, row, was: was ?? null, js, sql }, null, 1)
        if (js.row) {
          expect(sql.row, shown).toEqual(js.row)
          met++
        } else {
          expect(sql.error, shown).toBeDefined()
          if (js.error!.includes('is refused'))
            expect(sql.error, shown).toMatch(/lens refused|invalid input syntax|out of range/)
          refused++
        }
      }
    }
    expect(met, `${met} met, ${refused} refused`).toBeGreaterThan(10)
  })
})

/** What is in a NeonHub database, as v3 sees it: hashes to compare, and the proof that nothing a client wrote is missing. Reads only. */
import { readFileSync, writeFileSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'
import pg from 'pg'
import type { LedgerRecord } from './clients/ledger.ts'

/** The columns of v3, in the order of its schema. */
const v3Columns = {
  users: ['id', 'email', 'name', 'region', 'status', 'consent_given', 'created_at', 'updated_at'],
  models: ['id', 'owner_id', 'name', 'framework', 'status', 'version', 'model_data', 'created_at', 'updated_at'],
  legacy_nodes: ['id', 'hostname', 'region', 'cores', 'memory_gb', 'created_at'],
  compliance_audit_log: ['id', 'at', 'actor', 'action', 'subject_table', 'subject_id', 'details'],
} as const

export type V3Table = keyof typeof v3Columns
const v3Tables = Object.keys(v3Columns) as readonly V3Table[]

/** `sum` and `xor` of the 64-bit hashes of all rows. */
export interface TableHash {
  readonly count: number
  readonly sum: string
  readonly xor: string
}

/** The hash of every row by its id, sorted by id. About 16 bytes a row. `jobs` are left out: the services work them off on their own. */
export type Photograph = Readonly<Record<V3Table, { readonly ids: BigInt64Array; readonly hashes: BigInt64Array }>>

/** Ids, at most 100 of each sort. */
interface TableComparison {
  readonly same: number
  /** Rows that a client changed; what they must be is `proof`'s to say. */
  readonly touched: number
  readonly created: number
  readonly changed: readonly string[]
  readonly lost: readonly string[]
  /** New rows that no client says it made. In the trail every new row is expected: each change of consent adds one. */
  readonly strange: readonly string[]
}

export interface Comparison {
  readonly equal: boolean
  readonly tables: Readonly<Record<V3Table, TableComparison>>
}

export interface Proof {
  readonly equal: boolean
  readonly checked: { readonly users: number; readonly models: number; readonly audit: number }
  readonly wrong: readonly { readonly table: string; readonly id: string; readonly why: string }[]
}

const hashOf = (table: V3Table): string => `hashtextextended(ROW(${v3Columns[table].join(', ')})::text, 0)`

export async function hashes(url: string): Promise<Readonly<Record<V3Table, TableHash>>> {
  return connected(url, async (client) => {
    const found: Partial<Record<V3Table, TableHash>> = {}
    for (const table of v3Tables) {
      const sql = `SELECT count(*)::int AS count, coalesce(sum(h), 0)::text AS sum, coalesce(bit_xor(h), 0)::text AS xor FROM (SELECT ${hashOf(table)} AS h FROM ${table}) AS hashed`
      found[table] = (await client.query<TableHash>(sql)).rows[0]!
    }
    return found as Record<V3Table, TableHash>
  })
}

/** One consistent view of all tables. */
export async function photograph(url: string): Promise<Photograph> {
  return connected(url, async (client) => {
    const taken: Partial<Record<V3Table, Photograph[V3Table]>> = {}
    for (const table of v3Tables) taken[table] = await rowHashes(client, table)
    return taken as Photograph
  })
}

export function savePhotograph(path: string, taken: Photograph): void {
  writeFileSync(path, serialize(taken))
}

export function loadPhotograph(path: string): Photograph {
  return deserialize(readFileSync(path)) as Photograph
}

async function rowHashes(client: pg.Client, table: V3Table): Promise<Photograph[V3Table]> {
  const total = Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${table}`)).rows[0]!.count)
  const ids = new BigInt64Array(total)
  const found = new BigInt64Array(total)
  await client.query(`DECLARE rows NO SCROLL CURSOR FOR SELECT id, ${hashOf(table)} FROM ${table} ORDER BY id`)
  for (let at = 0; at < total;) {
    const { rows } = await client.query<[string, string]>({ text: 'FETCH 20000 FROM rows', rowMode: 'array' })
    for (const [id, hash] of rows) {
      ids[at] = BigInt(id)
      found[at++] = BigInt(hash)
    }
  }
  await client.query('CLOSE rows')
  return { ids, hashes: found }
}

/** Row by row: every row that no client touched must be what it was, and no row may be gone. New rows are the clients', or strange. */
export function compare(before: Photograph, after: Photograph, ledger: LedgerRecord): Comparison {
  const touched = {
    users: new Set([...Object.keys(ledger.users), ...ledger.uncertain.users.map(String)]),
    models: new Set([...Object.keys(ledger.models), ...ledger.uncertain.models.map(String)]),
    legacy_nodes: new Set<string>(),
    compliance_audit_log: new Set<string>(),
  }
  const tables = Object.fromEntries(
    v3Tables.map((table) => [
      table,
      compareTable(before[table], after[table], touched[table], table === 'compliance_audit_log'),
    ]),
  ) as Comparison['tables']
  // a creation whose answer was lost may have happened
  const strange = v3Tables.reduce((sum, table) => sum + tables[table].strange.length, 0)
  const kept = v3Tables.every((table) => tables[table].changed.length === 0 && tables[table].lost.length === 0)
  return { equal: kept && strange <= ledger.uncertainCreations, tables }
}

function compareTable(
  before: Photograph[V3Table],
  after: Photograph[V3Table],
  touched: ReadonlySet<string>,
  grows: boolean,
): TableComparison {
  const found = {
    same: 0,
    touched: 0,
    created: 0,
    changed: [] as string[],
    lost: [] as string[],
    strange: [] as string[],
  }
  const note = (list: string[], id: bigint): void => void (list.length < 100 && list.push(String(id)))
  let b = 0
  let a = 0
  while (b < before.ids.length || a < after.ids.length) {
    const old = before.ids[b]
    const fresh = after.ids[a]
    if (fresh === undefined || (old !== undefined && old < fresh)) {
      note(found.lost, old!)
      b++
    } else if (old === undefined || fresh < old) {
      if (grows || touched.has(String(fresh))) found.created++
      else note(found.strange, fresh)
      a++
    } else {
      if (before.hashes[b] === after.hashes[a]) found.same++
      else if (touched.has(String(old))) found.touched++
      else note(found.changed, old)
      b++
      a++
    }
  }
  return found
}

/** Every write that was acknowledged to a client, of either version, is there in v3's shape, digit by digit. Quiet clients first. */
export async function proof(url: string, ledger: LedgerRecord): Promise<Proof> {
  const doubtful = {
    users: new Set(ledger.uncertain.users.map(String)),
    models: new Set(ledger.uncertain.models.map(String)),
  }
  const users = Object.entries(ledger.users).filter(([id]) => !doubtful.users.has(id))
  const models = Object.entries(ledger.models).filter(([id]) => !doubtful.models.has(id))
  const audit = Object.entries(ledger.audit)
  const wrong = await connected(url, async (client) => [
    ...(await ask(
      client,
      'users',
      usersProof,
      users.map(([id, known]) => ({ id, ...known })),
    )),
    ...(await ask(
      client,
      'models',
      modelsProof,
      models.map(([id, known]) => ({ id, ...known })),
    )),
    ...(await ask(
      client,
      'compliance_audit_log',
      auditProof,
      audit.map(([id, details]) => ({ id, details })),
    )),
  ])
  return {
    equal: wrong.length === 0,
    checked: { users: users.length, models: models.length, audit: audit.length },
    wrong,
  }
}

const usersProof = `
SELECT e.id, CASE WHEN u.id IS NULL THEN 'is not there' WHEN u.email <> e.email THEN 'has another email'
                  WHEN u.consent_given <> e.consent THEN 'has another consent' ELSE 'lacks lines of the trail' END AS why
FROM jsonb_to_recordset($1::jsonb) AS e (id bigint, email text, consent boolean, "consentWrites" int) LEFT JOIN users AS u ON u.id = e.id
WHERE u.id IS NULL OR u.email <> e.email OR u.consent_given <> e.consent OR e."consentWrites" >
  (SELECT count(*) FROM compliance_audit_log AS a WHERE a.subject_table = 'users' AND a.subject_id = e.id AND a.action = 'consent.changed')`

const modelsProof = `
SELECT e.id, CASE WHEN m.id IS NULL THEN 'is not there' WHEN m.version <> e.version THEN 'has another version' ELSE 'has other data' END AS why
FROM jsonb_to_recordset($1::jsonb) AS e (id bigint, data text, version int) LEFT JOIN models AS m ON m.id = e.id
WHERE m.id IS NULL OR m.version <> e.version OR m.model_data::text <> e.data::jsonb::text`

const auditProof = `
SELECT e.id, CASE WHEN a.id IS NULL THEN 'is not there' ELSE 'has other details' END AS why
FROM jsonb_to_recordset($1::jsonb) AS e (id bigint, details text) LEFT JOIN compliance_audit_log AS a ON a.id = e.id
WHERE a.id IS NULL OR a.details::text <> e.details::jsonb::text`

async function ask(
  client: pg.Client,
  table: string,
  sql: string,
  expected: readonly object[],
): Promise<Proof['wrong']> {
  const { rows } = await client.query<{ id: string; why: string }>(sql, [JSON.stringify(expected)])
  return rows.map((row) => ({ table, ...row }))
}

/** Rows whose v4 columns do not say what their v3 columns say, or say nothing. Both shapes must be there. */
export async function disagreements(url: string): Promise<{ readonly users: number; readonly models: number }> {
  const sql = `SELECT
    (SELECT count(*)::int FROM users WHERE (consent_records->>'consentGiven')::boolean IS DISTINCT FROM consent_given) AS users,
    (SELECT count(*)::int FROM models WHERE (federation_model_data->'data')::text IS DISTINCT FROM model_data::text) AS models`
  return connected(url, async (client) => (await client.query<{ users: number; models: number }>(sql)).rows[0]!)
}

async function connected<T>(url: string, body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'neonhub-facts',
    options: '-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1',
  })
  await client.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const answer = await body(client)
    await client.query('COMMIT')
    return answer
  } finally {
    await client.end()
  }
}

/** What only the server can tell about a mirror: rights, other triggers, whether SQL and lens agree on real rows, and whether both sides are equal. */
import { block, type Finding, note, risk } from '../../../core/finding.ts'
import type { Reading } from '../../../core/kind.ts'
import type { Row, SqlReader } from '../../../core/ports/index.ts'
import { changesTable, notesTable } from '../../../mirror/index.ts'
import { postgresWriter } from '../../../rows/index.ts'
import { quoteTable, stands, switchedOff } from './install.ts'
import { agreement } from './laws.ts'
import type { MirrorWork } from './spec.ts'

type At = Reading<{ readonly database: 'database' }>
const { quote } = postgresWriter

/** Different rows that are named. */
const most = 20

export async function checkMirror(work: MirrorWork, at: At): Promise<readonly Finding[]> {
  const around = [...(await rights(work, at.on.database)), ...(await surroundings(work, at.on.database))]
  // What may not be read whole cannot be sampled either.
  return around.some(({ level }) => level === 'block') ? around : [...around, ...(await agreement(work, at))]
}

async function rights(work: MirrorWork, db: SqlReader): Promise<readonly Finding[]> {
  const wanted =
    work.shape.old.table === work.shape.new.table
      ? ['TRIGGER', 'SELECT']
      : ['TRIGGER', 'SELECT', 'INSERT', 'UPDATE', 'DELETE']
  const lacking = await db.rows<{ table: string; verb: string; account: string }>(
    `SELECT t.name AS table, r.name AS verb, current_user AS account FROM unnest($1::text[]) t(name), unnest($2::text[]) r(name)
      WHERE NOT has_table_privilege(t.name, r.name)`,
    [[...new Set(work.install.tables)].map(quoteTable), wanted],
  )
  const strange = await db.rows<{ table: string; owner: string; account: string }>(
    `SELECT t.name AS table, pg_get_userbyid(c.relowner) AS owner, current_user AS account FROM unnest($1::text[]) t(name)
       JOIN pg_class c ON c.oid = t.name::regclass WHERE NOT pg_has_role(c.relowner, 'USAGE')`,
    [[...new Set(work.install.tables)].map(quoteTable)],
  )
  const [schema] = await db.rows<{ may: boolean; account: string }>(
    `SELECT CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE has_schema_privilege(n.oid, 'CREATE, USAGE') END AS may,
            current_user AS account FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = 'changeover'`,
  )
  return [
    ...lacking.map(({ table, verb, account }) =>
      block('mirror.rights', `"${account}" has no ${verb} on ${table}`, `GRANT ${verb} ON ${table} TO "${account}"`),
    ),
    ...strange.map(({ table, owner, account }) =>
      block(
        'mirror.rights',
        `"${account}" does not own ${table}, so that it could not drop the mirror's triggers again`,
        `GRANT "${owner}" TO "${account}"`,
      ),
    ),
    ...(schema?.may === false
      ? [
          block(
            'mirror.rights',
            `"${schema.account}" may not make the schema "changeover"`,
            `GRANT CREATE ON DATABASE … TO "${schema.account}"`,
          ),
        ]
      : []),
  ]
}

interface Around extends Row {
  readonly what: 'trigger' | 'publication' | 'subscription' | 'row security' | 'children' | 'partitions'
  readonly table: string
  readonly name: string
  readonly text: string
  readonly late: boolean
}

/** The user's own triggers run beside ours; replication and row security can pass ours by. */
async function surroundings(work: MirrorWork, db: SqlReader): Promise<readonly Finding[]> {
  const ours = work.install.triggers.map((each) => each.name)
  const found = await db.rows<Around>(
    `WITH own AS (SELECT c.oid, c.relreplident, c.relrowsecurity, c.relforcerowsecurity, c.relkind = 'p' AS divided, n.nspname || '.' || c.relname AS name
                    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname || '.' || c.relname = ANY ($1::text[]))
     SELECT 'trigger' AS what, own.name AS table, t.tgname AS name, pg_get_triggerdef(t.oid) AS text, t.tgname > $3::text COLLATE "C" AS late
       FROM own JOIN pg_trigger t ON t.tgrelid = own.oid WHERE NOT t.tgisinternal AND t.tgname <> ALL ($2::text[])
     UNION ALL
     SELECT 'publication', own.name, p.pubname, '', false FROM own JOIN pg_publication_tables p ON p.schemaname || '.' || p.tablename = own.name WHERE own.relreplident = 'n'
     UNION ALL
     SELECT 'subscription', own.name, '', '', false FROM own JOIN pg_subscription_rel r ON r.srrelid = own.oid
     UNION ALL
     SELECT 'row security', own.name, '', '', false FROM own WHERE row_security_active(own.oid)
     UNION ALL
     SELECT 'children', own.name, i.inhrelid::regclass::text, '', false FROM own JOIN pg_inherits i ON i.inhparent = own.oid WHERE NOT own.divided
     UNION ALL
     SELECT 'partitions', own.name, '', '', false FROM own WHERE own.divided AND $4
     ORDER BY 2, 1, 3`,
    [[...new Set(work.install.tables)], ours, ours[0] ?? '', work.mode === 'tables'],
  )
  return found.map((each) => around(each, work.mode === 'row'))
}

function around({ what, table, name, text, late }: Around, before: boolean): Finding {
  if (what === 'trigger' && late && before && text.includes(' BEFORE '))
    return risk(
      'mirror.trigger-after',
      `the trigger "${name}" of "${table}" runs after the mirror's: what it changes in a row is mirrored with the next write only`,
      'give it a name that sorts before "zz_"',
    )
  if (what === 'trigger')
    return note(
      'mirror.trigger',
      `"${table}" has a trigger of its own: ${text}`,
      'have a look whether it may run for writes that the mirror makes',
    )
  if (what === 'publication')
    return risk(
      'mirror.no-identity',
      `"${table}" is published by "${name}" without a replica identity: updates of the mirror would fail`,
      `ALTER TABLE ${table} REPLICA IDENTITY DEFAULT`,
    )
  if (what === 'subscription')
    return risk(
      'mirror.subscribed',
      `rows of "${table}" arrive by a subscription: what the mirror makes of them may meet what is subscribed too, and stop it`,
      'stop the subscription, or write through the server that publishes',
    )
  if (what === 'children')
    return block(
      'mirror.inherited',
      `"${name}" inherits from "${table}": its rows are seen there, but no trigger of "${table}" runs for them`,
      `mirror "${name}" by itself, and end the inheritance: ALTER TABLE ${name} NO INHERIT ${table}`,
    )
  if (what === 'partitions')
    return risk(
      'mirror.partitions',
      `"${table}" is partitioned: TRUNCATE, DETACH or DROP of a partition is not carried, and a row that moves to another partition arrives as a new one, without what only the other side knew of it`,
      'let nobody truncate or detach partitions until the run is sealed, nor change the columns that divide the table',
    )
  return block(
    'mirror.row-security',
    `row security of "${table}" holds for this account: the mirror would not see every row`,
    'use the owner of the table, or an account with BYPASSRLS',
  )
}

interface Counts extends Row {
  readonly rows: number
  readonly waiting: number
  readonly different: number
  readonly keys: readonly string[] | null
}

/** New side = forward(old side, new side), row by row, on the server. Rows that were not transformed yet are counted, not judged. */
export async function verifyMirror(work: MirrorWork, at: At): Promise<readonly Finding[]> {
  if (!(await stands(work, at.on.database)))
    return [
      note(
        'mirror.gone',
        `the mirror of "${work.shape.old.table}" is not there any more`,
        'nothing to do where the run was sealed',
      ),
    ]
  const off = await switchedOff(work, at.on.database)
  if (off.length > 0) return [disabled(off)]
  const behind = await pending(work, at.on.database)
  if (work.mode === 'notes') return behind
  const [seen] = await at.on.database.rows<Counts>(compareText(work))
  const { rows = 0, waiting = 0, different = 0, keys = null } = seen ?? {}
  const names = `"${work.shape.old.table}"${work.mode === 'tables' ? ` and "${work.shape.new.table}"` : ''}`
  const data = { rows, waiting, different, keys: [...(keys ?? [])] }
  if (different > 0) {
    const message = `${different} of ${rows} rows of ${names} are not in step: ${(keys ?? []).join(', ')}`
    return [
      ...behind,
      block(
        'mirror.apart',
        message,
        'find out who wrote them past the triggers; write the rows again on the side that is right',
        data,
      ),
    ]
  }
  return [
    ...behind,
    note(
      'mirror.in-step',
      `${rows - waiting} rows of ${names} are in step, ${waiting} wait for the transformation`,
      'nothing to do',
      data,
    ),
  ]
}

function disabled(triggers: readonly string[]): Finding {
  const message = `triggers of the mirror are switched off: ${triggers.join(', ')}; what is written meanwhile stays on one side`
  const help = 'ALTER TABLE … ENABLE ALWAYS TRIGGER …, then write the rows again that were written meanwhile'
  return block('mirror.disabled', message, help)
}

async function pending(work: MirrorWork, db: SqlReader): Promise<readonly Finding[]> {
  if (work.mode === 'row') return []
  const table = work.mode === 'tables' ? notesTable : changesTable
  const [seen] = await db.rows<{ notes: number; seconds: number }>(
    `SELECT count(*)::float8 AS notes, coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::float8 AS seconds FROM ${table} WHERE mirror = $1`,
    [work.shape.name],
  )
  if (!seen || seen.notes === 0) return []
  const message = `${seen.notes} changes of "${work.shape.old.table}" wait to be carried over, the oldest for ${seen.seconds.toFixed(1)} s`
  return [
    risk('mirror.behind', message, 'let the step’s worker run; a rollback carries them over first', {
      notes: seen.notes,
      seconds: seen.seconds,
    }),
  ]
}

function compareText(work: MirrorWork): string {
  const { old, new: fresh } = work.shape
  const types = work.types.b
  const alias = work.mode === 'row' ? 's' : 't'
  const real = work.made.map(({ column }) => `${alias}.${quote(column)}`).join(', ')
  const made = work.made.map(({ column, expression }) => `(${expression})::${types[column] ?? 'text'}`).join(', ')
  const apart = `ROW(${real})::record OPERATOR(pg_catalog.*<>) ROW(${made})::record`
  const key = (side: typeof old, name: string) =>
    side.key.map((column) => `${name}.${quote(column)}::text`).join(` || ',' || `)
  const all = (name: string) => (old.key.length === 0 ? `NULL` : name)
  if (work.mode === 'row') {
    return `SELECT count(*)::float8 AS rows, count(*) FILTER (WHERE NOT written)::float8 AS waiting, count(*) FILTER (WHERE written AND apart)::float8 AS different,
      (array_agg(key) FILTER (WHERE written AND apart))[1:${most}] AS keys
      FROM (SELECT ${all(key(old, 's'))} AS key, ${work.written} AS written, CASE WHEN ${work.written} THEN ${apart} ELSE false END AS apart FROM ${quoteTable(old.table)} s) each`
  }
  const same = old.key.map((column, at) => `s.${quote(column)} = t.${quote(fresh.key[at]!)}`).join(' AND ')
  const [noOld, noNew] = [`s.${quote(old.key[0]!)}`, `t.${quote(fresh.key[0]!)}`].map(
    (each) => `${each} IS NOT DISTINCT FROM NULL`,
  )
  return `SELECT count(*)::float8 AS rows, count(*) FILTER (WHERE waiting)::float8 AS waiting, count(*) FILTER (WHERE apart)::float8 AS different,
    (array_agg(key) FILTER (WHERE apart))[1:${most}] AS keys
    FROM (SELECT coalesce(${key(old, 's')}, ${key(fresh, 't')}) AS key, ${noNew} AS waiting,
                 CASE WHEN ${noNew} THEN false WHEN ${noOld} THEN true ELSE ${apart} END AS apart
            FROM ${quoteTable(old.table)} s FULL JOIN ${quoteTable(fresh.table)} t ON ${same}) each`
}

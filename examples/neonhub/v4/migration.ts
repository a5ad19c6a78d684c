/** How far the database is on its way to v4, read from the database itself. */
import type { Database } from '../service/database.ts'
import { type Handler, reply } from '../service/serve.ts'
import { remembered } from './compliance.ts'

/** What v4 needs: tables by name, and the columns added to the tables of v3. */
const needed = {
  tables: ['federation_nodes', 'aix_learning_rounds'],
  columns: [
    'users.federation_id',
    'users.node_id',
    'users.consent_records',
    'models.federation_metadata',
    'models.federation_model_data',
  ],
} as const

const present = `
SELECT jsonb_build_object(
  'tables', (SELECT jsonb_object_agg(name, to_regclass(name) IS NOT NULL) FROM unnest($1::text[]) AS name),
  'columns', (SELECT jsonb_object_agg(name, EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(split_part(name, '.', 1))
              AND attname = split_part(name, '.', 2) AND NOT attisdropped)) FROM unnest($2::text[]) AS name))`

const waiting = `
SELECT jsonb_build_object('users', (SELECT count(*) FROM users WHERE consent_records IS NULL),
                          'models', (SELECT count(*) FROM models WHERE federation_model_data IS NULL))`

interface Progress {
  readonly schema: {
    readonly tables: Readonly<Record<string, boolean>>
    readonly columns: Readonly<Record<string, boolean>>
  }
  /** Rows without their v4 value; null while the columns are not there. */
  readonly notTransformed: Readonly<Record<string, number>> | null
}

/** Answers 503 until the schema is there, then 200 with the rows that still wait. `trouble` is what is wrong with the settings, or null. */
export function migrationHealth(database: Database, trouble: () => string | null): Handler {
  const progress = remembered(() => readProgress(database))
  return async () => {
    const now = await progress().catch(() => null)
    if (now === null) return reply({ status: 'failing', database: 'unreachable' }, 503)
    const rows =
      now.notTransformed === null ? null : Object.values(now.notTransformed).reduce((sum, each) => sum + each, 0)
    const status = rows === null ? 'pending' : rows > 0 ? 'migrating' : 'complete'
    return reply({ status, ...now, settings: trouble() ?? 'ok' }, rows === null ? 503 : 200)
  }
}

async function readProgress(database: Database): Promise<Progress> {
  const schema = JSON.parse((await database.value(present, [needed.tables, needed.columns]))!) as Progress['schema']
  const ready = [...Object.values(schema.tables), ...Object.values(schema.columns)].every(Boolean)
  const rows = ready ? (JSON.parse((await database.value(waiting))!) as Progress['notTransformed']) : null
  return { schema, notTransformed: rows }
}

/** True when all that v4 reads and writes is there. */
export async function schemaReady(database: Database): Promise<boolean> {
  const schema = JSON.parse((await database.value(present, [needed.tables, needed.columns]))!) as Progress['schema']
  return [...Object.values(schema.tables), ...Object.values(schema.columns)].every(Boolean)
}

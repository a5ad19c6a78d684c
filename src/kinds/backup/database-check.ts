/** What only the servers can tell before a backup: rights, hidden rows, room, and which program fits. Writes nothing. */
import { block, type Finding, note, risk } from '../../core/finding.ts'
import type { Reading } from '../../core/kind.ts'
import { sizeOf } from './copy.ts'
import type { BackupWork } from './database-work.ts'

type At = Reading<{ readonly source: 'database'; readonly store: 'files' }>

export async function checkBackup(work: BackupWork, at: At): Promise<readonly Finding[]> {
  const readable = await rights(work, at)
  if (readable.some((each) => each.level === 'block')) return readable
  const needed = await at.on.source.snapshot((view) => sizeOf(view, work.tables))
  const free = await at.on.store.free()
  const room = `the tables take ${sizeWords(needed)}, "${work.under}" has ${sizeWords(free)} free`
  const full =
    free < needed
      ? [block('backup.full', room, 'make room there, or name another store')]
      : [note('backup.room', room, 'nothing to do')]
  return [...readable, ...full]
}

/** Powers of 1000, as disks are sold. */
function sizeWords(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}

async function rights(work: BackupWork, at: At): Promise<readonly Finding[]> {
  const [account] = await at.on.source.rows<{ creates: boolean; account: string }>(
    'SELECT rolcreatedb OR rolsuper AS creates, current_user AS account FROM pg_roles WHERE rolname = current_user',
  )
  const tables = await at.on.source.rows<{ name: string; reads: boolean; hidden: boolean }>(
    `SELECT n.nspname || '.' || c.relname AS name, has_table_privilege(c.oid, 'SELECT') AS reads, row_security_active(c.oid) AS hidden
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname || '.' || c.relname = ANY ($1::text[])`,
    [work.tables],
  )
  const dumper = work.with === 'auto' ? await at.on.source.dumper() : undefined
  return [
    ...(account?.creates
      ? []
      : [
          block(
            'backup.rights',
            `"${account?.account ?? ''}" may not create the scratch database that proves the backup`,
            `ALTER ROLE "${account?.account ?? ''}" CREATEDB`,
          ),
        ]),
    ...tables
      .filter((each) => !each.reads)
      .map((each) =>
        block(
          'backup.rights',
          `"${account?.account ?? ''}" may not read "${each.name}"`,
          `GRANT SELECT ON ${each.name} TO "${account?.account ?? ''}"`,
        ),
      ),
    ...tables
      .filter((each) => each.hidden)
      .map((each) =>
        block(
          'backup.hidden-rows',
          `row security hides rows of "${each.name}" from this account`,
          'use an account with BYPASSRLS',
        ),
      ),
    work.with === 'auto' && dumper === undefined
      ? risk(
          'backup.no-dumper',
          'no pg_dump here fits the server: views, grants and policies are not in the copy',
          'install the client programs of the server’s version, or accept it',
        )
      : note(
          'backup.how',
          dumper === undefined
            ? 'the tables are saved by COPY'
            : `the tables are saved by ${dumper.program} ${dumper.version}`,
          'nothing to do',
        ),
  ]
}

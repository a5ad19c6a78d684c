/** The proof of a backup: a real restore of what was just written, beside the database it came from, compared table by table. Knows no manifest. */
import { samePrint } from '../../compare/index.ts'
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import type { Writing } from '../../core/kind.ts'
import type { Scratch, SqlWriter } from '../../core/ports/index.ts'
import { type Copied, type DatabaseBackup, prints, restoreDatabase } from './copy.ts'
import { unlog } from './unlogged.ts'

type At = Writing<{ readonly source: 'database'; readonly store: 'files' }>

/**
 * Restores the copy into a scratch database and compares each table; `tell` hears its name. Answers the seconds of the restore alone, and adds to
 * `copied.left` what had to be left out. Error `backup.damaged` when a table does not come back as it was.
 */
export async function prove(copied: Copied, at: At, folder: string, tell: (table: string) => void): Promise<number> {
  const proof = (await tryUnlogged(copied, at, folder)) ?? (await restored(copied, at, folder, false))
  try {
    await comparePrints(copied.how, proof.scratch.db, tell)
    return proof.seconds
  } finally {
    await proof.scratch.drop()
  }
}

interface Proof {
  readonly scratch: Scratch
  readonly seconds: number
}

/** Undefined when it cannot be done so: something in the copy may only be refused because its tables are unlogged. */
async function tryUnlogged(copied: Copied, at: At, folder: string): Promise<Proof | undefined> {
  try {
    return await restored(copied, at, folder, true)
  } catch (error) {
    if (!isChangeoverError(error) || !refusals.has(error.code) || at.signal.aborted) throw error
    return undefined
  }
}

const refusals: ReadonlySet<string> = new Set(['target.failed', 'backup.damaged'])

async function restored(copied: Copied, at: At, folder: string, unlogged: boolean): Promise<Proof> {
  const scratch = await at.on.source.scratch()
  try {
    const begun = at.clock.now()
    const from = { folder, how: copied.how }
    const left = await restoreDatabase(from, at.on.store, scratch, at.on.source, (tables) =>
      unlogged ? unlog(tables, copied.staying) : Promise.resolve(),
    )
    const seconds = (at.clock.now() - begun) / 1000
    copied.left.push(
      ...left.map((each) => ({ path: each.name, what: each.what, why: 'it needs something outside the saved tables' })),
    )
    return { scratch, seconds }
  } catch (error) {
    await scratch.drop()
    throw error
  }
}

/** Error `backup.damaged` when a restored table is not what was saved; `tell` hears each before it is read. */
export async function comparePrints(how: DatabaseBackup, db: SqlWriter, tell: (table: string) => void): Promise<void> {
  const seen = await db.snapshot((view) => prints(view, how.tables, tell))
  for (const [name, print] of Object.entries(seen)) {
    const was = how.tables.find((each) => each.name === name)!.print
    if (samePrint(was, print)) continue
    const message = `"${name}" has ${was.rows} rows and, restored from the backup, ${print.rows}${was.rows === print.rows ? ' others' : ''}`
    throw new ChangeoverError(
      'backup.damaged',
      message,
      'run the step again; when it comes back, save with `with: copy`',
    )
  }
}

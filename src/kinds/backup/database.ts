/** `backup.database`: the tables as they are now, in a store, proved by a real restore. Knows no file system and no dump format. */
import { z } from 'zod'
import {
  discard,
  ensureRoom,
  findManifest,
  type Manifest,
  pourEntry,
  retire,
  backupFolder,
  verifyBackup,
  writeManifest,
} from '../../backup/index.ts'
import type { Print } from '../../compare/index.ts'
import { ChangeoverError } from '../../core/errors.ts'
import { block, note } from '../../core/finding.ts'
import { defineKind, type Mark, type Writing } from '../../core/kind.ts'
import { aboutOf, save, sizeOf } from './copy.ts'
import { checkBackup } from './database-check.ts'
import type { BackupWork } from './database-work.ts'
import { prove } from './prove.ts'
import { watched } from './watched.ts'

const spec = z.strictObject({
  tables: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Tables such as `public.users`; all that the target shows where none is named.'),
  under: z.string().default('backups').describe('The folder of the store that backups are kept in.'),
  with: z
    .enum(['auto', 'copy'])
    .default('auto')
    .describe('`auto` takes pg_dump where one fits the server, `copy` never does.'),
  gzip: z.boolean().default(true).describe('Packs the rows of a copy.'),
  days: z.number().positive().default(30).describe('Older backups of this plan are removed; the newest always stays.'),
})

const roles = { source: 'database', store: 'files' } as const
type Roles = typeof roles

export const backupDatabase = defineKind<Roles, z.output<typeof spec>, BackupWork>({
  name: 'backup.database',
  summary:
    'Saves tables with their definitions from one snapshot, and proves the backup by restoring it into a scratch database.',
  roles,
  spec: spec as unknown as z.ZodType<z.output<typeof spec>>,
  example: { tables: ['public.users', 'public.models'], days: 30 },

  plan(asked, site) {
    const known = Object.keys(site.facts.source.tables).sort()
    const tables = asked.tables ?? known
    const absent = tables.filter((name) => !known.includes(name))
    const empty =
      tables.length === 0
        ? [block('backup.nothing', `"${site.targets.source}" shows no table to save`, 'name the schemas of the target')]
        : []
    return {
      work: { tables, under: asked.under, with: asked.with, gzip: asked.gzip, days: asked.days },
      predicted: {},
      preview: [
        `save ${tables.length === 1 ? '1 table' : `${tables.length} tables`} of "${site.targets.source}" to "${site.targets.store}/${asked.under}": ${tables.join(', ')}`,
        asked.with === 'auto'
          ? 'with pg_dump where one fits the server, else by COPY, from one snapshot'
          : 'by COPY, from one snapshot',
        'restore it into a scratch database, compare counts and row hashes, and note how long that took',
        `remove backups of this plan that are older than ${asked.days} days`,
      ],
      undo: 'exact',
      locks: tables.map((object) => ({
        object,
        mode: 'ACCESS SHARE',
        holds: 'while it is read: blocks only changes of its definition',
      })),
      findings: [
        ...empty,
        ...absent.map((name) =>
          block(
            'backup.no-table',
            `there is no table "${name}" in "${site.targets.source}"`,
            'mend its name in `tables`',
          ),
        ),
      ],
    }
  },

  check: (work, at) => checkBackup(work, at),

  async *apply(work, at) {
    const folder = backupFolder(work.under, at.run, at.step)
    const there = await whole(at, folder)
    if (there !== undefined) {
      yield mark(folder, there)
      return
    }
    await discard(at.on.store, folder)
    let manifest: Manifest
    try {
      manifest = yield* make(work, at, folder)
    } catch (error) {
      await discard(at.on.store, folder)
      throw error
    }
    await retire(at.on.store, work.under, { days: work.days, now: at.clock.now(), open: [at.run] })
    yield mark(folder, manifest)
  },

  async verify(work, at) {
    const folder = backupFolder(work.under, at.run, at.step)
    const manifest = await findManifest(at.on.store, folder)
    if (manifest === undefined)
      return [block('backup.missing', `"${folder}" holds no whole backup`, 'run the step again')]
    const damaged = await verifyBackup(at.on.store, folder, manifest, at.signal)
    if (damaged.length > 0) return damaged
    const { rows, seconds } = figures(manifest)
    return [
      note('backup.proved', `${rows} rows were saved, and restored in ${seconds} s`, 'nothing to do', {
        rows,
        seconds,
      }),
    ]
  },

  /** A whole backup stays: it is what a person may want next. */
  async *rollback(work, at) {
    const folder = backupFolder(work.under, at.run, at.step)
    if ((await whole(at, folder)) !== undefined) return
    await discard(at.on.store, folder)
    // Making one sweeps away those that a killed runner of this run left.
    const scratch = at.applied === null ? undefined : await at.on.source.scratch()
    await scratch?.drop()
    yield { at: { folder: null } }
  },
})

async function* make(work: BackupWork, at: Writing<Roles>, folder: string): AsyncGenerator<Mark, Manifest> {
  const started = iso(at)
  const { source, store } = at.on
  yield { at: { folder, stage: 'save' }, note: 'the backup is being written' }
  const needed = await source.snapshot((view) => sizeOf(view, work.tables))
  await ensureRoom(store, needed)
  const copied = yield* watched(at, (watch) =>
    save(
      source,
      work,
      (file) => pourEntry(store, folder, { path: file.path, stored: file.stored, part: 'database' }, file.bytes),
      {
        stop: watch.stop,
        count: (done) => watch.tell({ at: { folder, stage: 'save' }, done, of: Math.max(done, needed), unit: 'bytes' }),
      },
    ),
  )
  yield { at: { folder, stage: 'prove' }, note: 'the backup is being restored into a scratch database' }
  const seconds = yield* watched(at, (watch) =>
    prove(copied, at, folder, (table) => watch.tell({ at: { folder, stage: 'prove' }, note: `comparing "${table}"` })),
  )
  const manifest: Manifest = {
    kind: 'database',
    run: at.run,
    step: at.step,
    plan: at.plan,
    started,
    finished: iso(at),
    entries: [...copied.entries],
    left: copied.left,
    about: aboutOf(copied.how, seconds),
  }
  await writeManifest(store, folder, manifest)
  return manifest
}

/** The manifest of this step's finished backup, when every byte of it is still right. */
async function whole(at: Writing<Roles>, folder: string): Promise<Manifest | undefined> {
  const manifest = await findManifest(at.on.store, folder)
  if (manifest === undefined) return undefined
  const damaged = await verifyBackup(at.on.store, folder, manifest, at.signal)
  const [first] = damaged
  if (first === undefined) return manifest
  throw new ChangeoverError(
    'backup.damaged',
    first.message,
    `remove "${folder}" of the store and run the step again, or restore from another backup`,
  )
}

function mark(folder: string, manifest: Manifest): Mark {
  const { rows, seconds } = figures(manifest)
  const bytes = manifest.entries.reduce((sum, each) => sum + each.bytes, 0)
  return {
    at: { folder, stage: 'done', rows, bytes, restoreSeconds: seconds },
    done: rows,
    of: rows,
    unit: 'rows',
    note: `restored in ${seconds} s`,
  }
}

function figures(manifest: Manifest): { readonly rows: number; readonly seconds: number } {
  const about = manifest.about as unknown as {
    readonly tables: readonly { readonly print: Print }[]
    readonly restoreSeconds: number
  }
  return { rows: about.tables.reduce((sum, each) => sum + each.print.rows, 0), seconds: about.restoreSeconds }
}

function iso(at: Writing<Roles>): string {
  return new Date(at.clock.now()).toISOString()
}

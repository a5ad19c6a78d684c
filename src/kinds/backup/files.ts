/** `backup.files`: configuration, environment, data and certificates into a store, without private keys, restored once as a proof. */
import { z } from 'zod'
import {
  backupFolder,
  discard,
  findManifest,
  type Manifest,
  readManifest,
  restoreEntry,
  retire,
  verifyBackup,
} from '../../backup/index.ts'
import { note } from '../../core/finding.ts'
import { defineKind, type Writing } from '../../core/kind.ts'
import type { EnvironmentRule } from './environment.ts'
import { type BackupWork, choose, save, type StoreRoles } from './files-save.ts'

const spec = z.strictObject({
  /** Globs by part, so that one part can be restored alone: `{ certificates: ['certs/*'], data: ['data/*.db'] }`. */
  take: z.record(z.string(), z.array(z.string())),
  /** The folder in the store. */
  into: z.string().default('backups'),
  environment: z
    .strictObject({
      /** Env files of the source; and functions `./file.ts#name` that give variables by name. */
      files: z.array(z.string()).default([]),
      from: z.string().optional(),
      prefixes: z.array(z.string()).default(['']),
      /** `reference`: NAME=${NAME} stands for a secret. `keep`: the secret itself is saved. */
      secrets: z.enum(['reference', 'keep']).default('reference'),
    })
    .optional(),
  /** Older backups of the same step go; the newest stays whatever its age. */
  retentionDays: z.number().positive().optional(),
  /** What a rollback does with the backup: it is no change of the system, so it stays unless told. */
  rollback: z.enum(['keep', 'remove']).default('keep'),
})
type Spec = z.infer<typeof spec>

export const backupFiles = defineKind({
  name: 'backup.files',
  summary:
    'Saves files into a store with a manifest of SHA-256, without private keys, and restores them once as a proof.',
  roles: { source: 'files', store: 'files' },
  spec,
  example: {
    take: { configuration: ['**/*.yml'], data: ['data/**'] },
    environment: { files: ['.env'], prefixes: ['NEONHUB_'] },
    retentionDays: 30,
  },

  plan(given: Spec, site) {
    const work: BackupWork = {
      take: given.take,
      into: given.into,
      environment: given.environment === undefined ? null : ruleOf(given.environment),
      retentionDays: given.retentionDays ?? null,
      rollback: given.rollback,
    }
    return {
      work,
      predicted: {},
      preview: [
        `save from "${site.targets.source}" into "${given.into}" of "${site.targets.store}"`,
        ...Object.entries(given.take).map(([part, globs]) => `  ${part}: ${globs.join(', ')}`),
        ...(given.environment === undefined
          ? []
          : [
              `  environment: ${[...given.environment.files, given.environment.from ?? []].flat().join(', ')}, secrets ${given.environment.secrets === 'keep' ? 'as they are' : 'as references'}`,
            ]),
        '  without private keys; every file is restored once and compared',
        ...(given.retentionDays === undefined ? [] : [`  older ones go after ${given.retentionDays} days`]),
        `  a rollback ${given.rollback === 'keep' ? 'leaves the backup where it is' : 'removes the backup'}`,
      ],
      undo: 'exact',
    }
  },

  async check(work, at) {
    const chosen = await choose(work, at.on.source)
    const empty = Object.keys(work.take).filter((part) => !chosen.files.some((each) => each.part === part))
    return [
      ...empty.map((part) =>
        note('backup.empty', `no file of the part "${part}" is there`, 'see that its globs are what you mean', {
          part,
        }),
      ),
      ...chosen.left.map((each) =>
        note('backup.left-out', `"${each.path}" will not be saved: ${each.why}`, 'save it by other means', { ...each }),
      ),
    ]
  },

  async *apply(work, at) {
    const folder = backupFolder(work.into, at.run, at.step)
    const there = await findManifest(at.on.store, folder)
    if (there === undefined) yield* save(work, at, folder)
    const manifest = there ?? (await readManifest(at.on.store, folder))
    yield* rehearse(manifest, folder, at)
    const gone =
      work.retentionDays === null
        ? []
        : await retire(at.on.store, work.into, { days: work.retentionDays, now: at.clock.now(), open: [at.run] })
    yield {
      at: {
        folder,
        files: manifest.entries.length,
        bytes: sum(manifest.entries),
        left: manifest.left.length,
        retired: [...gone],
      },
      done: manifest.entries.length,
      of: manifest.entries.length,
      unit: 'files',
    }
  },

  async verify(work, at) {
    const folder = backupFolder(work.into, at.run, at.step)
    const manifest = await readManifest(at.on.store, folder)
    const left = manifest.left.map((each) =>
      note(
        'backup.left-out',
        `"${each.path}" is not in the backup: ${each.what}, ${each.why}`,
        'save it by other means',
        { ...each },
      ),
    )
    return [...(await verifyBackup(at.on.store, folder, manifest, at.signal)), ...left]
  },

  async *rollback(work, at) {
    const folder = backupFolder(work.into, at.run, at.step)
    await at.on.store.remove(rehearsalFolder(work, at))
    const whole = await findManifest(at.on.store, folder)
    if (whole === undefined || work.rollback === 'remove') await discard(at.on.store, folder)
    yield { at: { folder } }
  },
})

function ruleOf(given: NonNullable<Spec['environment']>): EnvironmentRule {
  return { files: given.files, from: given.from ?? null, prefixes: given.prefixes, secrets: given.secrets }
}

function sum(entries: readonly { readonly bytes: number }[]): number {
  return entries.reduce((all, each) => all + each.bytes, 0)
}

function rehearsalFolder(work: { readonly into: string }, at: { readonly run: string; readonly step: string }): string {
  return `${backupFolder(work.into, at.run, at.step)}.rehearsal`
}

/** A real restore into a scratch folder of the store, a file at a time; a file that does not come back whole is the error `backup.damaged`. */
async function* rehearse(manifest: Manifest, folder: string, at: Writing<StoreRoles>) {
  const scratch = `${folder}.rehearsal`
  try {
    for (const [i, entry] of manifest.entries.entries()) {
      at.signal.throwIfAborted()
      await restoreEntry(folder, entry, at.on.store, at.on.store, scratch)
      await at.on.store.remove(`${scratch}/${entry.path}`)
      yield {
        at: { folder },
        done: i + 1,
        of: manifest.entries.length,
        unit: 'files',
        note: 'restored once as a proof',
      }
    }
  } finally {
    await at.on.store.remove(scratch)
  }
}

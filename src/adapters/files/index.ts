/** The adapter `files`: the files port on a folder of this machine. */
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { type Adapter, defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import type { FileFacts, FileReader } from '../../core/ports/index.ts'
import { real } from './place.ts'
import { openReader } from './read.ts'
import { openWriter } from './write.ts'

const config = z.strictObject({
  folder: z.string().min(1).describe('Absolute, or relative to the folder of the plan.'),
  watch: z.array(z.string().min(1)).default([]).describe('Globs of the files whose digests and keys are facts.'),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/)
    .default('0600')
    .describe('Permission bits of new files, in octal.'),
})

export type FilesConfig = z.input<typeof config>

/** The dotted keys of a configuration file, by its name and text; none for what is no configuration. */
export type KeysOf = (path: string, text: string) => readonly string[]

/** Larger files are watched by their digest alone. */
const keysUpTo = 4 * 1024 * 1024

/** The adapter, given who can read configuration files. */
export function filesAdapter(keysOf: KeysOf): Adapter<'files', FilesConfig> {
  return defineAdapter({
    name: 'files',
    port: 'files',
    summary: 'A folder of this machine: configuration, data or backups.',
    ...withDefaults(config, (settings, who) => openTarget(settings, who, keysOf)),
    example: { folder: './config', watch: ['*.yaml', '.env'] },
    tools: {},
  })
}

async function openTarget(settings: z.output<typeof config>, who: Opener, keysOf: KeysOf): Promise<Target<'files'>> {
  const folder = isAbsolute(settings.folder) ? settings.folder : join(who.base, settings.folder)
  const read = openReader(folder)
  return {
    identity: async () => `files:${await real(folder)}`,
    observe: () => observe(read, settings.watch, keysOf),
    read,
    write: openWriter(folder, { mode: parseInt(settings.mode, 8), signal: who.signal }),
    // A file system has no sessions to end. The journal's claim keeps an older runner away.
    fence: async () => undefined,
    close: async () => undefined,
  }
}

async function observe(read: FileReader, watch: readonly string[], keysOf: KeysOf): Promise<FileFacts> {
  const files: { [path: string]: FileFacts['files'][string] } = {}
  for (const path of watch.length === 0 ? [] : await read.list(watch)) {
    const seen = await read.digest(path)
    if (seen) files[path] = { digest: seen.sha256, keys: seen.bytes > keysUpTo ? [] : await keys(read, path, keysOf) }
  }
  return { files }
}

/** A file that cannot be parsed is still a file: its digest tells that it changed. */
async function keys(read: FileReader, path: string, keysOf: KeysOf): Promise<readonly string[]> {
  const bytes = await read.read(path)
  try {
    return bytes === null ? [] : [...keysOf(path, bytes.toString('utf8'))].toSorted()
  } catch {
    return []
  }
}

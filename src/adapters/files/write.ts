/** Writes to a folder: a whole file at once, durable, or not at all. */
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ChangeoverError } from '../../core/errors.ts'
import type { FileWriter } from '../../core/ports/index.ts'
import { putInPlace, syncFolder, writeDraft } from '../../durable/index.ts'
import { codeOf, freeAt, locate, refused, unfinished } from './place.ts'
import { openReader } from './read.ts'

export interface WriteOptions {
  /** Permission bits of new files; a file that is replaced keeps its own. */
  readonly mode: number
  readonly signal: AbortSignal
}

export function openWriter(folder: string, options: WriteOptions): FileWriter {
  return {
    ...openReader(folder),
    write: async (path, bytes) => {
      await replace(folder, path, options, bytes.length, async (file) => {
        await file.writeFile(bytes)
      })
    },
    pour: (path, bytes) => replace(folder, path, options, 0, (file, place) => pour(file, place, bytes, options.signal)),
    remove: (path) => remove(folder, path),
  }
}

type Fill<T> = (file: FileHandle, place: string) => Promise<T>

/** A new file beside the old one, made durable, then renamed over it: a reader or a crash sees the old bytes or the new ones. */
async function replace<T>(
  folder: string,
  path: string,
  options: WriteOptions,
  needed: number,
  fill: Fill<T>,
): Promise<T> {
  options.signal.throwIfAborted()
  const place = await locate(folder, path)
  const draft = draftOf(place)
  try {
    await mkdir(dirname(place), { recursive: true })
    const free = await freeAt(dirname(place))
    if (needed > free) throw full(path, needed, free)
    const result = await writeDraft(draft, place, options.mode, (file) => fill(file, draft))
    await putInPlace(draft, place)
    return result
  } catch (error) {
    const written = await stat(draft).then(
      (each) => each.size,
      () => 0,
    )
    await rm(draft, { force: true }).catch(() => undefined)
    throw refused(error, path, { needed: Math.max(needed, written), free: await freeAt(folder).catch(() => 0) })
  }
}

async function pour(
  file: FileHandle,
  _: string,
  bytes: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of bytes) {
    signal.throwIfAborted()
    for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten
    hash.update(chunk)
    size += chunk.length
  }
  return { sha256: hash.digest('hex'), bytes: size }
}

async function remove(folder: string, path: string): Promise<void> {
  try {
    const place = await locate(folder, path)
    await rm(place, { recursive: true, force: true })
    await rm(draftOf(place), { force: true })
    await syncFolder(dirname(place))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw refused(error, path)
  }
}

function draftOf(place: string): string {
  return join(dirname(place), `.${basename(place)}${unfinished}`)
}

function full(path: string, needed: number, free: number): ChangeoverError {
  return new ChangeoverError(
    'backup.full',
    `no room for "${path}": ${needed} bytes are needed, ${free} are free`,
    'make room on the disk, or name another folder; then run `changeover resume`',
    { data: { needed, free } },
  )
}

/** Reads of a folder: lists, bytes, digests. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileReader } from '../../core/ports/index.ts'
import { matchesAny, mayHold } from '../../core/glob.ts'
import { codeOf, freeAt, locate, refused, unfinished } from './place.ts'

export function openReader(folder: string): FileReader {
  return {
    list: async (globs) => (await walk(folder, '', globs)).filter((path) => matchesAny(path, globs)).toSorted(),
    read: async (path) => absentAsNull(path, async () => readFile(await locate(folder, path))),
    stream: (path) => stream(folder, path),
    digest: async (path) => absentAsNull(path, async () => digestOf(await locate(folder, path))),
    free: () => freeAt(folder),
  }
}

async function walk(folder: string, below: string, globs: readonly string[]): Promise<readonly string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw refused(error, join(folder, below))
  })
  const found: string[] = []
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) {
      if (mayHold(path, globs)) found.push(...(await walk(folder, path, globs)))
    } else if (!entry.name.endsWith(unfinished) && (entry.isFile() || (await leadsToFile(folder, path))))
      found.push(path)
  }
  return found
}

/** A link counts as the file it leads to, as long as that is in the folder; a link to a folder is not followed: it may go in circles. */
async function leadsToFile(folder: string, path: string): Promise<boolean> {
  try {
    return (await stat(await locate(folder, path))).isFile()
  } catch {
    return false
  }
}

async function* stream(folder: string, path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(await locate(folder, path), { highWaterMark: 256 * 1024 }))
      yield chunk as Buffer
  } catch (error) {
    throw refused(error, path)
  }
}

async function digestOf(path: string): Promise<{ sha256: string; bytes: number }> {
  const file: FileHandle = await open(path, 'r')
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of file.createReadStream({ highWaterMark: 256 * 1024, autoClose: false })) {
      hash.update(chunk as Buffer)
      bytes += (chunk as Buffer).length
    }
    return { sha256: hash.digest('hex'), bytes }
  } finally {
    await file.close()
  }
}

async function absentAsNull<T>(path: string, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
    throw refused(error, path)
  }
}

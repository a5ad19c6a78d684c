/** The files port in memory, for tests: the same answers as the folder, in microseconds. */
import { createHash } from 'node:crypto'
import { ChangeoverError } from '../../core/errors.ts'
import { matchesAny } from '../../core/glob.ts'
import type { Target } from '../../core/kind.ts'
import type { FileFacts, FileWriter } from '../../core/ports/index.ts'

export interface MemoryFiles extends Target<'files'> {
  /** What is in the folder now. */
  readonly content: ReadonlyMap<string, Buffer>
}

export interface MemoryFilesOptions {
  readonly watch?: (path: string) => boolean
  readonly keysOf?: (path: string, text: string) => readonly string[]
  /** Bytes that fit in all. */
  readonly room?: number
}

export function memoryFiles(start: Readonly<Record<string, string>>, options: MemoryFilesOptions = {}): MemoryFiles {
  const content = new Map(Object.entries(start).map(([path, text]) => [path, Buffer.from(text)]))
  const write = openMemory(content, options)
  return {
    content,
    identity: async () => 'files:memory',
    observe: async () => ({ files: facts(content, options) }),
    read: write,
    write,
    fence: async () => undefined,
    close: async () => undefined,
  }
}

function facts(content: ReadonlyMap<string, Buffer>, options: MemoryFilesOptions): FileFacts['files'] {
  const watched = [...content].filter(([path]) => options.watch?.(path) ?? true)
  return Object.fromEntries(
    watched.map(([path, bytes]) => [
      path,
      { digest: sha256(bytes), keys: [...(options.keysOf?.(path, bytes.toString()) ?? [])] },
    ]),
  )
}

function openMemory(content: Map<string, Buffer>, options: MemoryFilesOptions): FileWriter {
  const used = (): number => [...content.values()].reduce((sum, each) => sum + each.length, 0)
  const free = (): number => (options.room ?? Number.MAX_SAFE_INTEGER) - used()
  const put = (path: string, bytes: Buffer): void => {
    if (path.startsWith('/') || path.split('/').includes('..')) {
      throw new ChangeoverError(
        'target.failed',
        `"${path}" leads outside the folder "memory"`,
        'name a path inside the folder',
      )
    }
    if (bytes.length > free())
      throw new ChangeoverError(
        'backup.full',
        `no room for "${path}": ${bytes.length} bytes are needed, ${free()} are free`,
        'make room',
      )
    content.set(path, Buffer.from(bytes))
  }
  return {
    list: async (globs) => [...content.keys()].filter((path) => matchesAny(path, globs)).toSorted(),
    read: async (path) => content.get(path) ?? null,
    stream: async function* (path) {
      const bytes = content.get(path)
      if (!bytes)
        throw new ChangeoverError(
          'target.failed',
          `"${path}" cannot be used: it is not there`,
          'see that the path is what the plan means',
        )
      yield bytes
    },
    digest: async (path) => {
      const bytes = content.get(path)
      return bytes ? { sha256: sha256(bytes), bytes: bytes.length } : null
    },
    free: async () => free(),
    write: async (path, bytes) => put(path, bytes),
    pour: async (path, bytes) => {
      const parts: Buffer[] = []
      for await (const part of bytes) parts.push(part)
      const whole = Buffer.concat(parts)
      put(path, whole)
      return { sha256: sha256(whole), bytes: whole.length }
    },
    remove: async (path) => {
      for (const each of content.keys()) if (each === path || each.startsWith(`${path}/`)) content.delete(each)
    },
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

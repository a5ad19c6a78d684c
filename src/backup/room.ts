/** Room for a backup: asked for before the first byte, and named in figures when it ends all the same. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import type { FileReader } from '../core/ports/index.ts'

/** Error `backup.full` unless the store takes `needed` bytes. */
export async function ensureRoom(store: FileReader, needed: number): Promise<void> {
  const free = await store.free()
  if (free < needed) throw full(needed, free)
}

/** Runs a write; a full disk, or a used-up quota, becomes `backup.full`. `needed` is what the write is known to take, in bytes. */
export async function withRoom<T>(store: FileReader, write: () => Promise<T>, needed?: number): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!isFull(error)) throw error
    throw full(needed, await store.free(), error)
  }
}

function isFull(error: unknown): boolean {
  if (isChangeoverError(error) && error.code === 'backup.full') return false
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && (at.code === 'ENOSPC' || at.code === 'EDQUOT')) return true
  }
  return false
}

function full(needed: number | undefined, free: number, cause?: unknown): ChangeoverError {
  const message =
    needed === undefined
      ? `the backup's store is full: ${free} bytes are free`
      : `the backup needs ${needed} bytes, and ${free} are free`
  const data = { needed: needed ?? null, free }
  return new ChangeoverError(
    'backup.full',
    message,
    'make room there, or name another store',
    cause === undefined ? { data } : { data, cause },
  )
}

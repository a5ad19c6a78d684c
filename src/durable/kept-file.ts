/** A file that several processes change, one after the other, with its history beside it. A change is refused when the file is not the one that was read. */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { open, realpath } from 'node:fs/promises'
import { ChangeoverError } from '../core/errors.ts'
import { announce, type Line, linesOf, settle } from './history.ts'
import { locked } from './lock.ts'
import type { Owner } from './owner.ts'
import { type FileWords, refusedFile } from './refused.ts'
import { beside, replaceFile } from './write.ts'

export interface KeptText {
  readonly text: string
  /** Changes with every change, and never comes back: bytes that return are another version. */
  readonly version: string
}

export interface KeptFile<L extends Line> {
  /** The file that a link leads to: replacing the link itself would part the two. */
  place(): Promise<string>
  read(): Promise<KeptText>
  /** The latest first. */
  history(): Promise<readonly L[]>
  /** The new version. `edit` answers the new text and what it did; the same text changes nothing. Throws `target.conflict` where the file is not at `version`. */
  change(
    version: string,
    edit: (text: string) => { readonly text: string; readonly lines: readonly L[] },
  ): Promise<string>
}

export interface KeptOptions {
  readonly words: FileWords
  /** What is changed in it, in words: `the flags`. */
  readonly subject: string
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Who locks it: another token each time. */
  readonly owner: () => Owner
}

export function keptFile<L extends Line>(path: string, options: KeptOptions): KeptFile<L> {
  const { words, subject: what, signal, now, owner } = options
  const place = () => placeOf(path, words)
  return {
    place,
    read: async () => load(await place(), words),
    history: async () => {
      const at = await place()
      return linesOf<L>(at, (await load(at, words)).hash, words)
    },
    change: async (version, edit) => {
      signal.throwIfAborted()
      const at = await place()
      try {
        return await locked(beside(at, 'lock'), { own: owner(), now, signal, what }, () =>
          change(at, version, edit, words),
        )
      } catch (error) {
        throw refusedFile(error, at, words)
      }
    },
  }
}

async function placeOf(path: string, words: FileWords): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    throw refusedFile(error, path, words)
  }
}

interface Loaded extends KeptText {
  readonly hash: string
  /** The byte order mark that the file begins with, or nothing: kept, and no part of the text. */
  readonly mark: string
}

const byteOrderMark = '\ufeff'

async function load(place: string, words: FileWords): Promise<Loaded> {
  try {
    const file = await open(place, 'r')
    try {
      const { mtimeNs } = await file.stat({ bigint: true })
      const bytes = await file.readFile()
      const hash = sha256(bytes)
      const whole = textOf(bytes, place, words)
      const mark = whole.startsWith(byteOrderMark) ? byteOrderMark : ''
      const version = `${hash.slice(0, 32)}-${mtimeNs.toString(36)}`
      return { text: whole.slice(mark.length), mark, hash, version }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw refusedFile(error, place, words)
  }
}

/** What is not UTF-8 would be written back as something else. */
function textOf(bytes: Buffer, place: string, words: FileWords): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new ChangeoverError(
    'target.failed',
    `${words.what} "${place}" is not in UTF-8`,
    'save it as UTF-8, with `iconv -t UTF-8` for example',
  )
}

async function change<L extends Line>(
  place: string,
  version: string,
  edit: (text: string) => { readonly text: string; readonly lines: readonly L[] },
  words: FileWords,
): Promise<string> {
  const old = await load(place, words)
  await settle(place, old.hash, words)
  if (old.version !== version)
    throw new ChangeoverError(
      'target.conflict',
      `${words.what} "${place}" was changed since it was read`,
      'read it again, and decide anew',
    )
  const { text, lines } = edit(old.text)
  if (text === old.text) return old.version
  const whole = `${old.mark}${text}`
  const to = sha256(whole)
  await announce(place, to, lines)
  try {
    await replaceFile(place, whole)
  } catch (error) {
    // Nothing was changed: what was announced is forgotten now. Should that fail too, whoever comes next does it.
    await settle(place, old.hash, words).catch(() => undefined)
    throw error
  }
  await settle(place, to, words)
  return (await load(place, words)).version
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

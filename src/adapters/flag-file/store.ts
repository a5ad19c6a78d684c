/** Reads and changes of a flag file. A change is refused when the file is not the one that was read. */
import { createHash } from 'node:crypto'
import { open, realpath } from 'node:fs/promises'
import { basename } from 'node:path'
import { ChangeoverError } from '../../core/errors.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import type { FlagWriter } from '../../core/ports/index.ts'
import { beside, replace } from './durable.ts'
import { announce, changesOf, lineOf, settle } from './history.ts'
import { locked } from './lock.ts'
import { refused } from './refused.ts'
import { type Changes, documentOf, edited } from './text.ts'
import { watchFile } from './watch.ts'

export function openStore(path: string, signal: AbortSignal, now: () => number): FlagWriter {
  return {
    read: async () => {
      const { text, version } = await load(await placeOf(path))
      return { document: documentOf(text, basename(path)), version }
    },
    history: async (flag, most) => {
      const place = await placeOf(path)
      return changesOf(place, (await load(place)).hash, flag, most)
    },
    watch: async (moved, end) => watchFile(path, moved, end),
    change: async (flags, version, who) => {
      signal.throwIfAborted()
      const place = await placeOf(path)
      try {
        return await locked(beside(place, 'lock'), signal, () => change(place, flags, version, { ...who, at: now() }))
      } catch (error) {
        throw refused(error, place)
      }
    },
  }
}

/** The file that a link leads to: replacing the link itself would part the two. */
export async function placeOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    throw refused(error, path)
  }
}

interface Loaded {
  readonly text: string
  readonly hash: string
  readonly version: string
}

/** The version holds the time too: bytes that return are another version. */
async function load(place: string): Promise<Loaded> {
  try {
    const file = await open(place, 'r')
    try {
      const { mtimeNs } = await file.stat({ bigint: true })
      const bytes = await file.readFile()
      const hash = sha256(bytes)
      return { text: bytes.toString('utf8'), hash, version: `${hash.slice(0, 32)}-${mtimeNs.toString(36)}` }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw refused(error, place)
  }
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function change(
  place: string,
  flags: Changes,
  version: string,
  who: { readonly by: string; readonly why: string; readonly at: number },
): Promise<string> {
  const old = await load(place)
  await settle(place, old.hash)
  if (old.version !== version)
    throw new ChangeoverError(
      'target.conflict',
      `flag file "${place}" was changed since it was read`,
      'read it again, and decide anew',
    )
  const text = edited(old.text, flags, basename(place))
  if (text === old.text) return old.version
  const before = documentOf(old.text, basename(place))['flags']
  const lines = Object.entries(flags).map(([flag, after]) =>
    lineOf(who.at, who, flag, flagIn(before as JsonObject, flag), after),
  )
  const to = sha256(text)
  await announce(place, to, lines)
  await replace(place, text)
  await settle(place, to)
  return (await load(place)).version
}

function flagIn(flags: JsonObject, flag: string): JsonObject | null {
  const found = Object.hasOwn(flags, flag) ? flags[flag] : undefined
  return isObject(found) ? found : null
}

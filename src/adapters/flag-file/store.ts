/** Reads and changes of a flag file. A change is refused when the file is not the one that was read. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { basename } from 'node:path'
import { isObject, type JsonObject, own } from '../../core/json.ts'
import type { FlagChange, FlagWriter } from '../../core/ports/index.ts'
import { type FileWords, type KeptFile, keptFile, type Line, watchFile } from '../../durable/index.ts'
import { documentOf, edited } from './text.ts'

const words: FileWords = { what: 'flag file', missing: 'name the file, or begin one: {"flags": {}}' }

type FlagLine = FlagChange & Line

export interface FlagStore extends FlagWriter {
  place(): Promise<string>
}

export function openStore(path: string, signal: AbortSignal, now: () => number): FlagStore {
  const owner = () => ({ token: randomUUID(), host: hostname(), pid: process.pid })
  const file = keptFile<FlagLine>(path, { words, subject: 'the flags', signal, now, owner })
  return {
    place: () => file.place(),
    read: async () => {
      const { text, version } = await file.read()
      return { document: documentOf(text, basename(path)), version }
    },
    history: (flag, most) => changesOf(file, flag, most),
    watch: async (moved, end) => watchFile(path, moved, end),
    change: async (flags, version, who) => {
      const name = basename(await file.place())
      return file.change(version, (text) => {
        const before = documentOf(text, name)['flags'] as JsonObject
        const lines = Object.entries(flags).map(([flag, after]) => ({
          at: now(),
          by: who.by,
          why: who.why,
          flag,
          before: flagIn(before, flag),
          after,
          id: randomUUID(),
        }))
        return { text: edited(text, flags, name), lines }
      })
    },
  }
}

async function changesOf(
  file: KeptFile<FlagLine>,
  flag: string | undefined,
  most = Infinity,
): Promise<readonly FlagChange[]> {
  const lines = (await file.history()).filter((line) => flag === undefined || line.flag === flag)
  return lines.slice(0, most).map(({ id: _id, ...change }) => change)
}

function flagIn(flags: JsonObject, flag: string): JsonObject | null {
  const found = own(flags, flag)
  return isObject(found) ? found : null
}

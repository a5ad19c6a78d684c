/** The changes of a flag file, as JSON lines beside it. Event and effect cannot be one write: what was about to be written is kept first, and settled later. */
import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import type { JsonObject } from '../../core/json.ts'
import type { FlagChange } from '../../core/ports/index.ts'
import { append, beside, replace } from './durable.ts'
import { codeOf, refused } from './refused.ts'

/** A line of the file. `id` tells a line that was written twice, by one who was killed between the two. */
export type Line = FlagChange & { readonly id: string }

interface Pending {
  /** SHA-256 of the file with the change made: only then did the lines happen. */
  readonly to: string
  readonly lines: readonly Line[]
}

export function historyOf(place: string): string {
  return `${place}.history.jsonl`
}

export function lineOf(
  at: number,
  who: { readonly by: string; readonly why: string },
  flag: string,
  before: JsonObject | null,
  after: JsonObject | null,
): Line {
  return { at, by: who.by, why: who.why, flag, before, after, id: randomUUID() }
}

/** Kept until `settle`, or for whoever comes next. */
export async function announce(place: string, to: string, lines: readonly Line[]): Promise<void> {
  await replace(beside(place, 'pending'), JSON.stringify({ to, lines } satisfies Pending))
}

/** Writes down what was announced and made, also by a writer that was killed; forgets what was not made. Only under the lock. */
export async function settle(place: string, hash: string): Promise<void> {
  const pending = await pendingOf(place)
  if (pending === undefined) return
  const lines = madeOf(pending, hash)
  if (lines.length > 0)
    await append(
      historyOf(place),
      lines.map((line) => JSON.stringify(line)),
    )
  await rm(beside(place, 'pending'), { force: true })
}

/** The latest first, of all flags where none is named. */
export async function changesOf(
  place: string,
  hash: string,
  flag: string | undefined,
  most = Infinity,
): Promise<readonly FlagChange[]> {
  const pending = await pendingOf(place)
  const lines = [...(await writtenOf(place)), ...(pending === undefined ? [] : madeOf(pending, hash))]
  const once = [...new Map(lines.map((line) => [line.id, line])).values()]
  const found: FlagChange[] = []
  for (const { id: _, ...change } of once.reverse()) {
    if (found.length >= most) break
    if (flag === undefined || change.flag === flag) found.push(change)
  }
  return found
}

function madeOf(pending: Pending, hash: string): readonly Line[] {
  return pending.to === hash ? pending.lines : []
}

async function pendingOf(place: string): Promise<Pending | undefined> {
  const text = await textOf(beside(place, 'pending'))
  return text === '' ? undefined : (JSON.parse(text) as Pending)
}

/** A line that was cut off when its writer was killed is left out. */
async function writtenOf(place: string): Promise<readonly Line[]> {
  return (await textOf(historyOf(place))).split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Line]
    } catch {
      return []
    }
  })
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw refused(error, path)
  }
}

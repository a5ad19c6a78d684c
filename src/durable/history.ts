/** The changes of a file, as JSON lines beside it. Event and effect cannot be one write: what was about to be written is kept first, and settled later. */
import { rm } from 'node:fs/promises'
import { ChangeoverError } from '../core/errors.ts'
import { type FileWords, readIfThere } from './refused.ts'
import { appendLines, beside, replaceFile } from './write.ts'

/** A line of the file. `id` tells a line that was written twice, by one who was killed between the two. `at` in milliseconds since 1970. */
export interface Line {
  readonly id: string
  readonly at: number
  readonly by: string
  readonly why: string
}

interface Pending<L> {
  /** SHA-256 of the file with the change made: only then did the lines happen. */
  readonly to: string
  readonly lines: readonly L[]
}

/** Kept until `settle`, or for whoever comes next. */
export async function announce(place: string, to: string, lines: readonly Line[]): Promise<void> {
  await replaceFile(beside(place, 'pending'), JSON.stringify({ to, lines } satisfies Pending<Line>))
}

/** Writes down what was announced and made, also by a writer that was killed; forgets what was not made. Only under the lock. */
export async function settle(place: string, hash: string, words: FileWords): Promise<void> {
  const pending = await pendingOf(place, words)
  if (pending === undefined) return
  const lines = madeOf(pending, hash)
  if (lines.length > 0)
    await appendLines(
      historyOf(place),
      lines.map((line) => JSON.stringify(line)),
    )
  await rm(beside(place, 'pending'), { force: true })
}

/** The latest first. */
export async function linesOf<L extends Line>(place: string, hash: string, words: FileWords): Promise<readonly L[]> {
  const pending = await pendingOf<L>(place, words)
  const lines = [...(await writtenOf<L>(place, words)), ...(pending === undefined ? [] : madeOf(pending, hash))]
  return [...new Map(lines.map((line) => [line.id, line])).values()].reverse()
}

function historyOf(place: string): string {
  return `${place}.history.jsonl`
}

function madeOf<L>(pending: Pending<L>, hash: string): readonly L[] {
  return pending.to === hash ? pending.lines : []
}

async function pendingOf<L extends Line>(place: string, words: FileWords): Promise<Pending<L> | undefined> {
  const path = beside(place, 'pending')
  const text = await readIfThere(path, words)
  try {
    return text === '' ? undefined : (JSON.parse(text) as Pending<L>)
  } catch (error) {
    throw new ChangeoverError(
      'target.failed',
      `"${path}" cannot be read: it is to hold the last change of ${words.what} "${place}"`,
      'see whether that change is in the file, and remove this one: only its line in the history is lost',
      { cause: error },
    )
  }
}

/** A line that was cut off when its writer was killed is left out. */
async function writtenOf<L>(place: string, words: FileWords): Promise<readonly L[]> {
  return (await readIfThere(historyOf(place), words)).split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as L]
    } catch {
      return []
    }
  })
}

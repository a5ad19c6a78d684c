/**
 * The journal as a file of JSON lines, one a run. No lock file: a line is one write at the end of the file, and the first line with a number
 * is the event of that number; a writer reads back whether it was first. Each line's sum covers the one before. Knows no kind and no target.
 */
import { hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ChangeoverError } from '../core/errors.ts'
import type { Actor, Claim, Event, Happening, Journal } from '../core/event.ts'
import type { Clock } from '../core/kind.ts'

export interface FileJournalOptions {
  readonly folder: string
  readonly clock: Clock
  /** Every `pollMs` a tail looks for new lines. */
  readonly pollMs?: number
}

interface Log {
  readonly path: string
  readonly events: Event[]
  offset: number
  sum: string
  lines: number
  /** A line that does not read, not yet known to be a write that was cut short. */
  torn: { readonly line: number; readonly why: string } | undefined
  /** The file ends in the middle of a line. */
  ragged: boolean
  busy: Promise<unknown>
}

/** A journal in a folder: a file of JSON lines for each run. */
export function openJournalAt(options: FileJournalOptions): Journal {
  const logs = new Map<string, Log>()
  const logOf = (run: string): Log => {
    const known = logs.get(run)
    if (known) return known
    const log: Log = {
      path: join(options.folder, `${run}.jsonl`),
      events: [],
      offset: 0,
      sum: '',
      lines: 0,
      torn: undefined,
      ragged: false,
      busy: Promise.resolve(),
    }
    logs.set(run, log)
    return log
  }
  const alone = <T>(log: Log, body: () => Promise<T>): Promise<T> => {
    const done = log.busy.then(body)
    log.busy = done.catch(() => undefined)
    return done
  }
  const read = async (run: string, after = 0) => {
    const log = logOf(run)
    await alone(log, () => catchUp(log, true))
    return log.events.slice(after)
  }
  return {
    read,
    append: (run, what, after) => alone(logOf(run), () => append(logOf(run), what, after, options)),
    tail: (run, after, signal) => follow(read, run, after, signal, options),
    runs: () => listRuns(options.folder),
    // Loaded by who drives a run, or asks for who does: `status` of one that is at rest only reads, and must start at once.
    claim: async (run: string, by: Actor): Promise<Claim> => {
      const { claimFile } = await import('./claim-file.ts')
      return claimFile(join(options.folder, `${run}.claim`), run, by, options.clock)
    },
    hasRunner: async (run, here) => {
      const { isClaimed } = await import('./claim-file.ts')
      return isClaimed(join(options.folder, `${run}.claim`), here, options.clock.now())
    },
    close: async () => undefined,
  }
}

async function append(log: Log, what: Happening, after: number, options: FileJournalOptions): Promise<Event> {
  await catchUp(log, true)
  if (log.events.length !== after) throw conflict(log, after)
  const body = JSON.stringify({ seq: after + 1, at: new Date(options.clock.now()).toISOString(), ...what })
  const sum = sumOf(log.sum, body)
  const line = `${log.ragged ? '\n' : ''}${body.slice(0, -1)},"sum":"${sum}"}\n`
  await writeLine(log.path, line, options.folder)
  await catchUp(log, true)
  const event = log.events[after]
  if (event === undefined || (event as Event & { sum: string }).sum !== sum) throw conflict(log, after)
  return event
}

async function writeLine(path: string, line: string, folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600)
    try {
      const bytes = Buffer.from(line)
      const { bytesWritten } = await file.write(bytes)
      if (bytesWritten !== bytes.length)
        throw Object.assign(new Error(`${bytesWritten} of ${bytes.length} bytes were written`), { code: 'ENOSPC' })
      await file.datasync()
    } finally {
      await file.close()
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ChangeoverError(
      'journal.unwritable',
      `the journal ${path} cannot be written: ${why}`,
      'make room or give the right to write, then `changeover resume`',
      { cause: error },
    )
  }
}

function conflict(log: Log, after: number): ChangeoverError {
  const message = `event ${after + 1} of ${log.path} was appended by another`
  return new ChangeoverError('journal.conflict', message, 'read the journal again: `changeover status`')
}

/** Reads what came since, accepting each number once. With `strict`, a last whole line that does not read is an error. */
async function catchUp(log: Log, strict: boolean): Promise<void> {
  const fresh = await readFrom(log.path, log.offset)
  const end = fresh.lastIndexOf(10)
  log.ragged = end !== fresh.length - 1 && fresh.length > 0
  if (end >= 0) {
    log.offset += end + 1
    for (const line of fresh.toString('utf8', 0, end).split('\n')) accept(log, line)
  }
  if (strict && log.torn) throw corrupt(log, log.torn.line, log.torn.why)
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return Buffer.alloc(0)
    throw new ChangeoverError(
      'journal.unwritable',
      `the journal ${path} cannot be read: ${String(error)}`,
      'give the right to read it',
      { cause: error },
    )
  }
  try {
    const { size } = await file.stat()
    if (size < offset)
      throw new ChangeoverError(
        'journal.corrupt',
        `the journal ${path} has become shorter`,
        'put the whole file back from a copy',
      )
    const bytes = Buffer.alloc(size - offset)
    await file.read(bytes, 0, bytes.length, offset)
    return bytes
  } finally {
    await file.close()
  }
}

function accept(log: Log, line: string): void {
  log.lines += 1
  if (line === '') return
  const parsed = parseLine(line)
  if (typeof parsed === 'string') {
    log.torn ??= { line: log.lines, why: parsed }
    return
  }
  const due = log.events.length + 1
  if (parsed.event.seq < due) return
  if (parsed.event.seq > due)
    throw corrupt(
      log,
      log.torn?.line ?? log.lines,
      log.torn?.why ?? `event ${due} is missing before event ${parsed.event.seq}`,
    )
  if (sumOf(log.sum, parsed.body) !== parsed.event.sum) throw corrupt(log, log.lines, 'its sum does not fit its text')
  // A line that did not read was followed by the number it would have had: it was a write cut short, which nobody was told had succeeded.
  log.torn = undefined
  log.sum = parsed.event.sum
  log.events.push(parsed.event)
}

function parseLine(line: string): { event: Event & { sum: string }; body: string } | string {
  const cut = /,"sum":"([0-9a-f]{16})"\}$/.exec(line)
  if (!cut) return 'it does not end in a sum'
  try {
    return { event: JSON.parse(line) as Event & { sum: string }, body: `${line.slice(0, cut.index)}}` }
  } catch {
    return 'it is not JSON'
  }
}

function sumOf(before: string, body: string): string {
  // One call, no object: a quarter of the time of createHash, and `status` reads thousands of lines.
  return hash('sha256', before + body, 'hex').slice(0, 16)
}

function corrupt(log: Log, line: number, why: string): ChangeoverError {
  const message = `line ${line} of the journal ${log.path} is not what was written: ${why}`
  const help = `${log.events.length} events before it are whole; put line ${line} back from a copy, or keep the file aside and ask for help before anything is run`
  return new ChangeoverError('journal.corrupt', message, help, { data: { line, whole: log.events.length } })
}

async function* follow(
  read: Journal['read'],
  run: string,
  after: number,
  signal: AbortSignal,
  options: FileJournalOptions,
): AsyncIterable<Event> {
  let seen = after
  while (!signal.aborted) {
    for (const event of await read(run, seen)) {
      seen = event.seq
      yield event
    }
    await options.clock.sleep(options.pollMs ?? 100, signal).catch(() => undefined)
  }
}

async function listRuns(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  const logs = names.filter((name) => name.endsWith('.jsonl'))
  const born = await Promise.all(
    logs.map(async (name) => ({
      name: name.slice(0, -'.jsonl'.length),
      at: (await stat(join(folder, name))).birthtimeMs,
    })),
  )
  return born.sort((a, b) => a.at - b.at || numberOf(a.name) - numberOf(b.name)).map((each) => each.name)
}

function numberOf(run: string): number {
  return Number(/-(\d+)(-\w+)?$/.exec(run)?.[1] ?? 0)
}

/** pg_dump and pg_restore as a dumper: found where a matching version is installed, fed and read as streams of bytes. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, setPriority } from 'node:os'
import { ChangeoverError } from '../../core/errors.ts'
import type { Dumper, DumpSection, SqlReader } from '../../core/ports/index.ts'
import { type Address, parseAddress } from './address.ts'
import { quote } from './dialect.ts'

const debianRoot = '/usr/lib/postgresql'

interface Programs {
  readonly dump: string
  readonly restore: string
  readonly version: string
}

/** Undefined where no pg_dump on this machine is at least as new as the server: an older one refuses. */
export async function findDumper(address: Address, reader: SqlReader): Promise<Dumper | undefined> {
  const [server] = await reader.rows<{ major: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  )
  const programs = await findPrograms(server!.major)
  if (!programs) return undefined
  return {
    program: programs.dump,
    version: programs.version,
    dump: (tables, snapshot) => dump(programs, address, reader, tables, snapshot),
    restore: (bytes, into, section) => restore(programs, parseAddress(address.url, into), bytes, section),
  }
}

async function findPrograms(major: number): Promise<Programs | undefined> {
  const versions = await readdir(debianRoot).catch(() => [])
  const nearest = versions
    .map(Number)
    .filter((each) => each >= major)
    .sort((a, b) => a - b)
  const folders = ['', ...nearest.map((each) => join(debianRoot, String(each), 'bin'))]
  for (const folder of folders) {
    const [dumps, restores] = [join(folder, 'pg_dump'), join(folder, 'pg_restore')]
    const [version, second] = await Promise.all([versionOf(dumps), versionOf(restores)])
    if (
      version !== undefined &&
      second !== undefined &&
      Math.min(parseInt(version, 10), parseInt(second, 10)) >= major
    ) {
      return { dump: dumps, restore: restores, version }
    }
  }
  return undefined
}

function versionOf(program: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, ['--version'], { timeout: 5000 }, (error, out) =>
      resolve(error ? undefined : /(\d+[.\d]*)/.exec(out)?.[1]),
    )
  })
}

/**
 * The definitions of the whole database, and the rows of `tables` (all where none is named) and of what their foreign keys
 * refer to: less would not restore by itself, because an enum, a function or a referenced row would be missing.
 */
async function* dump(
  programs: Programs,
  address: Address,
  reader: SqlReader,
  tables: readonly string[],
  snapshot: string | undefined,
): AsyncGenerator<Buffer> {
  const left = tables.length === 0 ? [] : await tablesWithoutRows(reader, tables)
  const options = [
    '--format=custom',
    // Packed quickly: whoever serves on this machine needs its processors more than the store needs the last tenth.
    '--compress=1',
    '--no-password',
    '--exclude-schema=changeover',
    '--exclude-schema=changeover_journal',
    ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
  ]
  const without = left.map((name) => `--exclude-table-data=${name}`)
  const child = start(programs.dump, [...options, ...without, `--dbname=${address.open}`], address)
  const end = ended(child, 'pg_dump', address)
  try {
    yield* child.stdout as AsyncIterable<Buffer>
    await end
  } finally {
    child.kill()
    await end.catch(() => undefined)
  }
}

interface Relation {
  readonly [column: string]: unknown
  readonly schema: string
  readonly name: string
  readonly needs: readonly string[]
}

const relationsQuery = `
  SELECT n.nspname AS schema, c.relname AS name, ARRAY(
           SELECT rn.nspname || '.' || r.relname FROM pg_constraint k
             JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
            WHERE k.contype = 'f' AND k.conrelid = c.oid) AS needs
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'm', 'S') AND c.relpersistence <> 't'
     AND n.nspname !~ '^(pg_|information_schema$|changeover(_journal)?$)'
   ORDER BY 1, 2`

async function tablesWithoutRows(reader: SqlReader, tables: readonly string[]): Promise<readonly string[]> {
  const relations = await reader.rows<Relation>(relationsQuery)
  const needs = new Map(relations.map((each) => [`${each.schema}.${each.name}`, each.needs]))
  const wanted = new Set<string>()
  const add = (name: string): void => {
    if (wanted.has(name)) return
    wanted.add(name)
    needs.get(name)?.forEach(add)
  }
  tables.forEach(add)
  return relations
    .filter((each) => !wanted.has(`${each.schema}.${each.name}`))
    .map((each) => quote(each.schema, each.name))
}

async function restore(
  programs: Programs,
  into: Address,
  bytes: AsyncIterable<Buffer>,
  section: DumpSection | undefined,
): Promise<void> {
  const part = section === undefined ? [] : [`--section=${section}`]
  const child = start(
    programs.restore,
    ['--no-password', '--no-owner', '--no-privileges', '--exit-on-error', ...part, `--dbname=${into.open}`],
    into,
  )
  const end = ended(child, 'pg_restore', into)
  // pg_restore that gives up closes its input: its own message says why, not the broken pipe.
  child.stdin!.on('error', () => undefined)
  try {
    for await (const chunk of bytes) {
      if (child.exitCode !== null || child.stdin!.destroyed) break
      if (!child.stdin!.write(chunk)) await Promise.race([drained(child), end])
    }
    child.stdin!.end()
    await end
  } finally {
    child.kill()
    await end.catch(() => undefined)
  }
}

function drained(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.stdin!.once('drain', resolve).once('close', resolve))
}

/** The password goes to the child by its environment alone: an argument list can be read by every account. */
function start(program: string, args: readonly string[], address: Address): ChildProcess {
  const secret = address.password === undefined ? {} : { PGPASSWORD: address.password }
  const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, ...secret, LC_MESSAGES: 'C' } })
  giveWay(child)
  return child
}

/** A copy can wait; whoever serves on this machine cannot. */
function giveWay(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended already, or this system has no priorities: then it runs as others do.
  }
}

async function ended(child: ChildProcess, name: string, address: Address): Promise<void> {
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (exit, signal) => resolve(exit ?? signal ?? 'unknown'))
  })
  if (code === 0) return
  const why = said.trim().split('\n').slice(-3).join(' | ') || `it ended with ${code}`
  const full = /No space left on device/i.test(why)
  throw new ChangeoverError(
    full ? 'backup.full' : 'target.failed',
    `${name} failed on "${address.where}": ${why}`,
    full ? 'make room on the disk' : 'read the message of the program',
  )
}

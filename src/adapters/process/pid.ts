/** Which process a pid file means. A number alone may have been given to another program since; the start time tells them apart. */
import { readFile, rm } from 'node:fs/promises'
import { ChangeoverError } from '../../core/errors.ts'

/** What the starting shell wrote: its number, its line of /proc/PID/stat, and which boot of the machine that was. */
interface Note {
  readonly pid: number
  readonly start: string | undefined
  readonly boot: string | undefined
}

/**
 * Run as `sh -c SCRIPT PIDFILE COMMAND ARGUMENTS…`. The shell itself notes its number, only where no note is (set -C), and then
 * becomes the command: a tool that is killed right after the spawn cannot lead to a second service.
 */
export const startScript = `set -C
{ read -r line < /proc/$$/stat; read -r boot < /proc/sys/kernel/random/boot_id; } 2>/dev/null
{ printf '%s\\n%s\\n%s\\n' "$$" "$line" "$boot" > "$0"; } 2>/dev/null || exit 75
exec "$@"`

/** What the script ends with where another note is. */
export const alreadyNoted = 75

/** The process that the pid file means, if it lives. */
export async function livingPid(pidFile: string): Promise<number | undefined> {
  const note = await readNote(pidFile)
  if (!note || !exists(note.pid)) return undefined
  const line = await readFile(`/proc/${note.pid}/stat`, 'utf8').catch(() => undefined)
  if (line === undefined || note.start === undefined)
    return line === undefined && note.start !== undefined ? undefined : note.pid
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )
  const { state, start } = readStat(line)
  // A zombie has ended; it only waits to be looked at by its parent.
  return start === note.start && boot === note.boot && state !== 'Z' && state !== 'X' ? note.pid : undefined
}

/** True when there is a note, even of a dead process. */
export async function isNoted(pidFile: string): Promise<boolean> {
  return (await readNote(pidFile)) !== undefined
}

export async function forget(pidFile: string): Promise<void> {
  await rm(pidFile, { force: true })
}

/** To the whole group of the process: it was started as the leader of one. Gone already is no error. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  for (const to of [-pid, pid]) {
    try {
      process.kill(to, signal)
      return
    } catch (error) {
      const code = (error as { code?: string }).code
      if (code === 'EPERM')
        throw new ChangeoverError(
          'target.rights',
          `the account may not end process ${pid}`,
          `end it as its owner: kill ${pid}`,
          { cause: error },
        )
    }
  }
}

async function readNote(pidFile: string): Promise<Note | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(() => undefined)
  const [first = '', stat = '', boot = ''] = text?.split('\n') ?? []
  const pid = Number(first.trim())
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, start: stat === '' ? undefined : readStat(stat).start, boot: boot === '' ? undefined : boot }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'
  }
}

/** proc(5): the name, in brackets, may hold anything; after it come the state (3rd) and the start in ticks since boot (22nd). */
function readStat(line: string): { state: string; start: string } {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', start: fields[19] ?? '' }
}

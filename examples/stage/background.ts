/** Programs in the background, found again by their pid file, whoever started them. Knows none by name. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Enough to start it by any means. `health` answers 200 when it does its work. */
export interface Program {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly health: string
  readonly log: string
  /** Its first line is the number of the process. */
  readonly pidFile: string
}

const patienceMs = 60_000
const graceMs = 15_000

/** Starts it unless it runs, and waits until it is healthy. Throws with the end of its log. */
export async function startProgram(program: Program, more: readonly string[] = []): Promise<void> {
  const child = pidOf(program) === undefined ? launch(program, more) : null
  const until = Date.now() + patienceMs
  for (;;) {
    const asking = { signal: AbortSignal.timeout(2_000), headers: { connection: 'close' } }
    const answer = await fetch(program.health, asking).catch(() => null)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    const ended = child !== null && (child.exitCode !== null || child.signalCode !== null)
    if (ended || Date.now() > until) {
      await stopProgram(program)
      throw new Error(`"${program.name}" did not become healthy at ${program.health}: ${tail(program.log)}`)
    }
    await sleep(25)
  }
}

/** Asks it to end, waits, and kills it when it takes too long. */
export async function stopProgram(program: Program): Promise<void> {
  const pid = pidOf(program)
  if (pid !== undefined) {
    const until = Date.now() + graceMs
    signal(pid, 'SIGTERM')
    while (pidOf(program) === pid) {
      if (Date.now() > until) signal(pid, 'SIGKILL')
      await sleep(5)
    }
  }
  rmSync(program.pidFile, { force: true })
}

/** The number of the process while it lives. A process of another program that got the same number is not it. */
export function pidOf(program: Program): number | undefined {
  const pid = Number(read(program.pidFile)?.split('\n')[0])
  if (!Number.isInteger(pid) || pid <= 0 || !signal(pid, 0)) return undefined
  const status = read(`/proc/${pid}/stat`)
  if (status !== null && status.slice(status.lastIndexOf(')') + 2).startsWith('Z')) return undefined
  const command = read(`/proc/${pid}/cmdline`)
  return command === null || program.command.every((word) => command.includes(word)) ? pid : undefined
}

/** Detached: Ctrl-C in a terminal is meant for whoever started this, not for the system. */
function launch(program: Program, more: readonly string[]): ChildProcess {
  const log = openSync(program.log, 'a')
  const [file, ...args] = program.command
  const env = { ...process.env, ...program.environment }
  const child = spawn(file, [...args, ...more], {
    cwd: program.folder,
    env,
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  if (child.pid !== undefined) writeFileSync(program.pidFile, `${child.pid}\n`)
  child.unref()
  return child
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function tail(path: string): string {
  return (read(path) ?? '').trim().split('\n').slice(-3).join(' | ')
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

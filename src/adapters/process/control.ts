/** Starts and stops a program that outlives this one, with its own log and a note of its number. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChangeoverError } from '../../core/errors.ts'
import type { Health, ServiceControl } from '../../core/ports/index.ts'
import { checkHealth, type HealthCheck } from './health.ts'
import { alreadyNoted, forget, isNoted, livingPid, signalGroup, startScript } from './pid.ts'

export interface Program {
  readonly command: readonly string[]
  readonly folder: string
  readonly env: { readonly [name: string]: string }
  /** Whether the tool's own environment is passed on. */
  readonly inherit: boolean
  readonly log: string
  readonly pidFile: string
  readonly health: HealthCheck | undefined
}

/** Milliseconds: between looks, for a start to be noted, for a bad command to end, for the note of another to be whole, for a killed process to be gone. */
const pace = { lookMs: 10, noteMs: 30_000, badMs: 100, appearMs: 500, killedMs: 5000 } as const
const tailBytes = 64 * 1024
/** Shorter values of the environment are words such as "true": hiding them would hide the log. */
const secretLength = 8

export function openControl(program: Program): ServiceControl {
  const hide = hider(program.env)
  return {
    state: async () => ((await livingPid(program.pidFile)) === undefined ? 'stopped' : 'running'),
    health: () => health(program, hide),
    tail: async (lines) => (await tail(program.log, lines)).map(hide),
    start: () => start(program, hide),
    stop: (graceMs) => stop(program, graceMs),
  }
}

async function health(program: Program, hide: (text: string) => string): Promise<Health> {
  if (program.health) {
    const seen = await checkHealth(program.health, program.folder)
    return { ...seen, why: hide(seen.why) }
  }
  const running = (await livingPid(program.pidFile)) !== undefined
  return { healthy: running, ms: 0, why: running ? '' : 'it does not run' }
}

async function start(program: Program, hide: (text: string) => string, again = true): Promise<void> {
  if ((await livingPid(program.pidFile)) !== undefined) return
  // Only a note of the dead: where none is, the shell of a killed runner may be about to write one.
  if (await isNoted(program.pidFile)) await forget(program.pidFile)
  for (const path of [program.log, program.pidFile]) await mkdir(dirname(path), { recursive: true })
  const child = spawnDetached(program)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(String(code ?? signal)))
  })
  const end = await Promise.race([ended, noted(program, child)])
  if (end === 'noted') return
  if (end === String(alreadyNoted) && (await appears(program))) return
  if (end === String(alreadyNoted) && again) {
    // A note that no process belongs to and that cannot be read: the machine went down while it was written.
    await forget(program.pidFile)
    return start(program, hide, false)
  }
  // Where in the program it was says less than what it said.
  const lines = (await tail(program.log, 40))
    .filter((line) => !/^\s+at /.test(line))
    .slice(-5)
    .map(hide)
  throw new ChangeoverError(
    'service.failed',
    `"${program.command[0]}" ended at once with ${end}${lines.length === 0 ? '' : `: ${lines.join(' | ')}`}`,
    `see the log "${program.log}" and the command of the target`,
  )
}

async function appears(program: Program): Promise<boolean> {
  for (let waited = 0; waited < pace.appearMs; waited += pace.lookMs) {
    if ((await livingPid(program.pidFile)) !== undefined) return true
    await sleep(pace.lookMs)
  }
  return false
}

function spawnDetached(program: Program): ChildProcess {
  const log = openSync(program.log, 'a', 0o600)
  try {
    const child = spawn('/bin/sh', ['-c', startScript, program.pidFile, ...program.command], {
      cwd: program.folder,
      env: program.inherit ? { ...process.env, ...program.env } : { ...bare(process.env), ...program.env },
      detached: true,
      stdio: ['ignore', log, log],
    })
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/** What any program needs to find its way, and nothing that may be a secret. */
function bare(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  )
}

/**
 * Ends when the shell has noted its number and some moments have passed in which a bad command would have ended. On a busy machine the
 * shell may not run for seconds; one that never does is ended, so that no service comes up behind the error.
 */
async function noted(program: Program, child: ChildProcess): Promise<string> {
  const lives = () => child.exitCode === null && child.signalCode === null
  for (let waited = 0; waited < pace.noteMs && lives(); waited += pace.lookMs) {
    await sleep(pace.lookMs)
    if (!(await isNoted(program.pidFile))) continue
    await sleep(pace.badMs)
    if (lives()) return 'noted'
  }
  // Where the child has ended, the other side of the race tells how.
  if (child.pid !== undefined && lives()) signalGroup(child.pid, 'SIGKILL')
  return new Promise(() => undefined)
}

async function stop(program: Program, graceMs: number): Promise<void> {
  const pid = await livingPid(program.pidFile)
  if (pid !== undefined) {
    signalGroup(pid, 'SIGTERM')
    if (!(await gone(program, graceMs))) {
      signalGroup(pid, 'SIGKILL')
      if (!(await gone(program, pace.killedMs))) {
        throw new ChangeoverError(
          'service.failed',
          `process ${pid} of "${program.command[0]}" does not end`,
          `see \`ps -o pid,stat,wchan,cmd -p ${pid}\``,
        )
      }
    }
  }
  await forget(program.pidFile)
}

async function gone(program: Program, withinMs: number): Promise<boolean> {
  for (let waited = 0; ; waited += pace.lookMs) {
    if ((await livingPid(program.pidFile)) === undefined) return true
    if (waited >= withinMs) return false
    await sleep(pace.lookMs)
  }
}

async function tail(path: string, lines: number): Promise<readonly string[]> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return []
  try {
    const { size } = await file.stat()
    const length = Math.min(size, tailBytes)
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer
      .toString('utf8')
      .replace(/\n$/, '')
      .split('\n')
      .filter((_, index, all) => all[0] !== '' || index > 0)
      .slice(-lines)
  } finally {
    await file.close()
  }
}

/** A service may print its environment; nobody here knows which of its values are secret, so that none is shown. */
function hider(env: { readonly [name: string]: string }): (text: string) => string {
  const values = Object.entries(env).filter(([, value]) => value.length >= secretLength)
  return (text) => values.reduce((shown, [name, value]) => shown.replaceAll(value, `\${${name}}`), text)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

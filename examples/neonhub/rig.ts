/** A NeonHub under load in a temporary folder, and the real CLI on it. For tests and benchmarks of the whole; starts everything, and leaves nothing. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openHook } from '../stage/hook.ts'
import { planEnvironment } from './plan-environment.ts'
import { buildSystem, type NeonHub } from './system.ts'
import type { Fault } from './v4/fault.ts'
import { startPostgres } from 'changeover/testing'

const project = join(import.meta.dirname, '..', '..')

export interface Rig {
  readonly home: string
  readonly hub: NeonHub
  /** The command as a process, to be killed. */
  start(...words: readonly string[]): ChildProcess & { readonly said: () => string }
  /** The same, run to its end. */
  changeover(...words: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }>
  /** Sets what the clients do; answers when they do it. */
  phase(v3: string, v4: string): Promise<void>
  close(): Promise<void>
}

/**
 * A server that has been in service writes its log over old files of it. A fresh one would make each file first, and write 16 MB of zeros, while every
 * commit waits: 60 ms and more, as often as 16 MB are logged.
 */
export const servedBefore = { wal_init_zero: 'off' } as const

export async function openRig(prefix: string, rows: number, rate = 80, fault: Fault = 'none'): Promise<Rig> {
  const home = mkdtempSync(join(tmpdir(), prefix))
  const server = await startPostgres({ settings: servedBefore })
  const url = server.url('neonhub')
  const hub = await buildSystem({ folder: home, url, rows, rate, v4Phase: 'auto', owner: process.pid })
  for (const name of ['coordinator', 'v3', 'gateway', 'clients'] as const) await hub.start(name)
  const hook = await openHook()
  // Without a fault, what is tested or measured is not how busy this machine is: runs are killed again and again beside others.
  const patience = fault === 'none' ? { NEONHUB_LATENCY_TOLERANCE: '1' } : {}
  const env = { ...process.env, ...planEnvironment(hub, hook.url, fault), ...patience }
  const start = (...words: readonly string[]) => launch(words, home, env)
  return {
    home,
    hub,
    start,
    changeover: async (...words) => {
      const child = start(...words)
      return { code: await ended(child), said: child.said() }
    },
    phase: async (v3, v4) => {
      const headers = { 'content-type': 'application/json' }
      await fetch(`http://127.0.0.1:${hub.ports.clients}/phase`, {
        method: 'PUT',
        headers,
        body: JSON.stringify({ v3, v4 }),
      })
    },
    close: async () => {
      await hub.stopAll()
      await server.stop()
      await hook.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

function launch(words: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  const main = join(project, 'dist', 'cli', 'main.js')
  const plan = join(project, 'examples', 'neonhub', 'changeover.config.ts')
  const child = spawn(process.execPath, [main, '--file', plan, ...words], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (more: string) => (text += more))
  return Object.assign(child, { said: () => text })
}

export async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)))
}

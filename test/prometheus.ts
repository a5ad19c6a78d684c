/** A real Prometheus for tests: found on the machine or installed from Debian where that may be done, else the reason why there is none. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../src/testing/index.ts'

export interface PrometheusServer {
  readonly url: string
  /** The process dies at once; nothing is left to answer. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** The path of the program, or why there is none. */
export function findPrometheus(): { readonly path: string } | { readonly why: string } {
  const found = onPath()
  if (found !== undefined) return { path: found }
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return { why: 'prometheus is not installed, and only root can install it' }
  try {
    // A service that its package starts would listen on its usual port: policy-rc.d forbids it.
    const policy = '/usr/sbin/policy-rc.d'
    const own = !existsSync(policy)
    if (own) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
    try {
      const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'prometheus']
      execFileSync('apt-get', install, {
        stdio: 'pipe',
        timeout: 240_000,
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      })
    } finally {
      if (own) rmSync(policy, { force: true })
    }
  } catch (error) {
    return { why: `prometheus could not be installed: ${String((error as Error).message).split('\n')[0]}` }
  }
  const path = onPath()
  return path === undefined ? { why: 'the package prometheus brought no program' } : { path }
}

/** Scrapes the target every second. */
export async function startPrometheus(path: string, target: string): Promise<PrometheusServer> {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-prom-'))
  const port = await freePort()
  const config = `global: { scrape_interval: 500ms }\nscrape_configs:\n  - job_name: app\n    static_configs: [{ targets: ["${target}"] }]\n`
  writeFileSync(join(folder, 'prometheus.yml'), config)
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]
  const child = spawn(path, args, { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
  }
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) await end('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  for (let tries = 0; tries < 200; tries++) {
    const ready = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) return { url, kill: () => end('SIGKILL'), stop }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop()
  throw new Error('Prometheus did not become ready')
}

function onPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, 'prometheus')).find((path) => existsSync(path))
}

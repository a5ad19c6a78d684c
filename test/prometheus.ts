/** A real Prometheus for tests. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bindToOwner, freePort } from '../src/testing/index.ts'

export interface PrometheusServer {
  readonly url: string
  /** The process dies at once; nothing is left to answer. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Scrapes the target twice a second. */
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
  bindToOwner(child, folder)
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
  for (let tries = 0; tries < 1_200; tries++) {
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

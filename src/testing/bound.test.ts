import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, it } from 'vitest'
import { haproxySource, nginxSource, postgresSources } from './index.ts'

/** How each is started by a program of its own, which then waits to be killed. */
const starts = {
  PostgreSQL: `testing.startPostgres()`,
  HAProxy: `testing.startHaproxy({ sections: (place) => 'listen x\\n bind 127.0.0.1:' + place.port }).then((each) => ({ ...each, pid: each.pid() }))`,
  nginx: `testing.startNginx({ http: (place) => 'server { listen 127.0.0.1:' + place.port + '; }' })`,
} as const

const missing = {
  PostgreSQL: postgresSources().found.length > 0 ? undefined : JSON.stringify(postgresSources().missing),
  HAProxy: missingOf(haproxySource()),
  nginx: missingOf(nginxSource()),
}
function missingOf(found: ReturnType<typeof nginxSource>): string | undefined {
  return 'missing' in found ? found.missing : undefined
}

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((each) => rmSync(each, { recursive: true, force: true })))

for (const name of ['PostgreSQL', 'HAProxy', 'nginx'] as const) {
  if (missing[name] !== undefined) console.warn(`${name} is not killed with its starter: ${missing[name]}`)
  const test = it.skipIf(missing[name] !== undefined)

  test(`ends ${name}, and removes its folder, when its starter is killed`, async () => {
    const { starter, pid, folder } = await started(name, 'setInterval(() => {}, 1_000)')
    expect(lives(pid)).toBe(true)
    expect(watchersOf(pid)).toBe(1)
    starter.kill('SIGKILL')
    await until(() => !lives(pid) && !existsSync(folder) && watchersOf(pid) === 0)
  })

  test(`leaves no watcher when ${name} is stopped`, async () => {
    const { starter, pid, folder } = await started(name, 'await server.stop()')
    if (starter.exitCode === null) await once(starter, 'exit')
    expect(starter.exitCode).toBe(0)
    await until(() => !lives(pid) && !existsSync(folder) && watchersOf(pid) === 0)
  })
}

/** A program that starts it, says where it is, and goes on with `then`. */
async function started(name: keyof typeof starts, then: string) {
  const home = mkdtempSync(join(tmpdir(), 'changeover-bound-'))
  folders.push(home)
  const door = join(import.meta.dirname, '..', '..', 'dist', 'testing', 'index.js')
  const file = join(home, 'starter.mjs')
  const text = `const testing = await import(${JSON.stringify(door)})
const server = await ${starts[name]}
console.log(JSON.stringify({ pid: server.pid, folder: server.folder }))
${then}`
  writeFileSync(file, text)
  const starter = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface(starter.stdout), 'line')) as [string]
  return { starter, ...(JSON.parse(line) as { pid: number; folder: string }) }
}

/** A process that ended and was not waited for is a zombie: it does nothing more. */
function lives(pid: number): boolean {
  return !['', 'Z'].includes(stateOf(pid))
}

function stateOf(pid: number): string {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return status.charAt(status.lastIndexOf(')') + 2)
  } catch {
    return ''
  }
}

/** Shells that wait for the end of this server. */
function watchersOf(pid: number): number {
  const words = `\0watch\0${pid}\0`
  return readdirSync('/proc').filter((each) => /^\d+$/.test(each) && commandOf(each).includes(words)).length
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

async function until(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { timeout: 120_000, interval: 100 }).toBe(true)
}

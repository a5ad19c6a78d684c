/** nginx tested and told to read its configuration again; returns when none of the old workers takes requests any more. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { ChangeoverError } from '../../core/errors.ts'
import type { Settings } from './settings.ts'

/** Throws `target.failed` with what nginx says of its configuration. */
export async function testConfiguration(settings: Settings): Promise<void> {
  const [program = 'nginx', ...args] = settings.command
  const said = await new Promise<string | undefined>((resolve) => {
    execFile(program, [...args, '-t', '-q'], { timeout: settings.timeoutMs }, (error, _out, err) => {
      resolve(error ? err.trim().split('\n')[0] || error.message : undefined)
    })
  })
  if (said === undefined) return
  throw new ChangeoverError(
    'target.failed',
    `nginx refuses its configuration: ${said}`,
    `run \`${[...settings.command, '-t'].join(' ')}\` and mend what it names; the old file is back`,
  )
}

export async function reload(settings: Settings): Promise<void> {
  const pid = await masterOf(settings)
  const old = await workersOf(pid)
  try {
    process.kill(pid, 'SIGHUP')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPERM')
      throw new ChangeoverError(
        'target.rights',
        `the account may not signal nginx (process ${pid})`,
        'run the tool as the account that runs nginx',
      )
    throw away(settings, `process ${pid} is gone`)
  }
  if (old.length > 0) await replaced(settings, pid, old)
}

async function replaced(settings: Settings, pid: number, old: readonly number[]): Promise<void> {
  const until = performance.now() + settings.timeoutMs
  for (;;) {
    const now = await workersOf(pid)
    const serving = await Promise.all(old.map(takesRequests))
    if (now.some((each) => !old.includes(each)) && !serving.includes(true)) return
    if (performance.now() > until)
      throw new ChangeoverError(
        'target.failed',
        `nginx did not take its new configuration in ${settings.timeoutMs} ms`,
        'read the error log of nginx; the old file is back',
      )
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Workers that finish what they have say so in their title. */
async function takesRequests(pid: number): Promise<boolean> {
  const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return title !== '' && !title.includes('shutting down')
}

/** None where this system does not tell. */
async function workersOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.trim().split(/\s+/).filter(Boolean).map(Number)
}

export async function masterOf(settings: Settings): Promise<number> {
  const text = await readFile(settings.pidFile, 'utf8').catch(() => '')
  const pid = Number(text.trim())
  if (text.trim() === '' || !Number.isInteger(pid)) throw away(settings, `"${settings.pidFile}" names no process`)
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH')
      throw away(settings, `process ${pid} is gone`)
  }
  return pid
}

function away(settings: Settings, why: string): ChangeoverError {
  return new ChangeoverError(
    'target.unreachable',
    `nginx does not run: ${why}`,
    `start it, and see that "pidFile" of the target is its \`pid\` (${settings.pidFile})`,
  )
}

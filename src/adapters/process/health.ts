/** One health check: an address that must answer 2xx, or a command that must end with 0. */
import { execFile } from 'node:child_process'
import type { Health } from '../../core/ports/index.ts'

export interface HealthCheck {
  readonly url?: string | undefined
  readonly command?: readonly string[] | undefined
  readonly timeoutMs: number
}

export async function checkHealth(check: HealthCheck, folder: string): Promise<Health> {
  const start = performance.now()
  const why =
    check.url === undefined
      ? await runCommand(check.command ?? [], folder, check.timeoutMs)
      : await askUrl(check.url, check.timeoutMs)
  return { healthy: why === '', ms: performance.now() - start, why }
}

async function askUrl(url: string, timeoutMs: number): Promise<string> {
  const shown = withoutSecrets(url)
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' })
    const body = (await answer.text()).replace(/\s+/g, ' ').trim()
    return answer.ok ? '' : `${shown} answered ${answer.status}${body === '' ? '' : `: ${body.slice(0, 200)}`}`
  } catch (error) {
    return `${shown} did not answer: ${reason(error, timeoutMs)}`
  }
}

/** Of an error of fetch the cause says more: its own message is only "fetch failed". */
function reason(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer in ${timeoutMs} ms`
  const cause = error.cause
  if (cause instanceof Error && 'code' in cause) return String(cause.code)
  return cause instanceof Error ? cause.message : error.message
}

function withoutSecrets(url: string): string {
  const parsed = new URL(url)
  return `"${parsed.protocol}//${parsed.host}${parsed.pathname}"`
}

function runCommand(command: readonly string[], folder: string, timeoutMs: number): Promise<string> {
  const [program = '', ...args] = command
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder, timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, out, err) => {
      if (!error) return resolve('')
      const said = (err.trim() || out.trim()).split('\n').at(-1) ?? ''
      const how = error.killed ? `no end in ${timeoutMs} ms` : `it ended with ${error.code ?? error.signal}`
      resolve(`"${program}": ${how}${said === '' ? '' : `: ${said.slice(0, 200)}`}`)
    })
  })
}

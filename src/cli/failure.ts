/** How an error ends a command: message, help and code, as text or as the last JSON object. A stack only for those who debug this tool. */
import { isChangeoverError } from '../core/errors.ts'
import type { Door } from './door.ts'
import { type ExitCode, exitCodeOfError } from './exit.ts'

/**
 * Text goes to stderr. With `--json` the error is the last line of stdout, `{ "error": { code, message, help }, "exit": n }`, so that
 * whoever reads the stream of objects need not read another one.
 */
export function showFailure(error: unknown, door: Door): ExitCode {
  const known = isChangeoverError(error)
  const message = error instanceof Error ? error.message : String(error)
  const code = known ? error.code : 'internal'
  const help = known
    ? error.help
    : 'this is a fault of changeover itself: run it again with CHANGEOVER_DEBUG=1 and report what it prints'
  const exit = known ? exitCodeOfError(code) : 1
  if (door.json) door.out(`${JSON.stringify({ error: { code, message, help }, exit })}\n`)
  else {
    const { paint } = door
    const lines = message.split('\n')
    door.err(`${paint.bad('error')}  ${lines.join('\n       ')}\n`)
    for (const line of help === '' ? [] : help.split('\n')) door.err(`       ${paint.strong('→')} ${line}\n`)
    door.err(`       ${paint.faint(known ? `${code}, see \`changeover docs ${code}\`` : code)}\n`)
  }
  if (door.env['CHANGEOVER_DEBUG'] === '1' && error instanceof Error) door.err(`${stackOf(error)}\n`)
  return exit
}

function stackOf(error: Error): string {
  const own = error.stack ?? error.message
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own
}

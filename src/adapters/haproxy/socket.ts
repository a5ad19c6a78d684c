/** The runtime socket of HAProxy: a line of commands in, text out, one connection a line. Knows what it refuses, not what is asked. */
import { connect } from 'node:net'
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'

export interface RuntimeSocket {
  /** The answer to a command that asks. */
  ask(command: string): Promise<string>
  /** Commands that change something and answer nothing when they succeed: in one line, so that they take effect together. */
  tell(commands: readonly string[]): Promise<void>
}

/** HAProxy reads a line into one buffer of 16 KiB, its default. */
const longestLine = 12_000

export function openSocket(path: string, timeoutMs: number, signal: AbortSignal): RuntimeSocket {
  const ask = async (line: string): Promise<string> => {
    const answer = await exchange(path, line, timeoutMs, signal).catch((error: unknown) => {
      throw unreachable(error, path, timeoutMs)
    })
    const refusal = refusalIn(answer)
    if (refusal) throw refused(path, line, refusal)
    return answer
  }
  return {
    ask,
    tell: async (commands) => {
      for (const line of linesOf(commands)) {
        const answer = (await ask(line)).trim()
        if (answer !== '') throw refused(path, line, answer)
      }
    },
  }
}

function linesOf(commands: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (const command of commands) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + command.length < longestLine) lines[lines.length - 1] = `${last};${command}`
    else lines.push(command)
  }
  return lines
}

class Timeout extends Error {}

function exchange(path: string, line: string, timeoutMs: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    const socket = connect({ path })
    const end = (error?: Error): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      socket.destroy()
      if (error === undefined) resolve(Buffer.concat(parts).toString('utf8'))
      else reject(error)
    }
    const stop = () => end(signal.reason instanceof Error ? signal.reason : new Error('stopped'))
    const timer = setTimeout(() => end(new Timeout()), timeoutMs)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    socket.on('error', end)
    socket.on('data', (part) => parts.push(part as Buffer))
    // Closed without an answer, as by a proxy that is just ending: not the same as an empty answer, which is a line end.
    socket.on('close', () => end(parts.length === 0 ? new Error('closed without an answer') : undefined))
    // HAProxy may end our side before it has read it all: only a line that is ended is one.
    socket.write(`${line}\n`)
    return undefined
  })
}

/** What HAProxy says when it does not do what it is told. Answers that hold data begin otherwise. */
const refusals =
  /^(Permission denied|Unknown command|Can't find |Absolute |No such |Require |Unknown map|Invalid |'[^']*' |Backend is using|A (?:backend|server|weight)|Integer |Missing |Data )/

function refusalIn(answer: string): string | undefined {
  return answer.split('\n').find((line) => refusals.test(line))
}

function refused(path: string, line: string, answer: string): ChangeoverError {
  const why = answer.split('\n')[0]!.trim()
  if (why.startsWith('Permission denied'))
    return new ChangeoverError(
      'target.rights',
      `HAProxy at "${path}" denies "${shown(line)}"`,
      `end the line of the socket with \`level admin\`: stats socket ${path} mode 660 level admin`,
    )
  return new ChangeoverError(
    'target.failed',
    `HAProxy at "${path}" refuses "${shown(line)}": ${why}`,
    'see that backends, servers and maps of the plan are those of the proxy: `show servers state`, `show map`',
  )
}

function unreachable(error: unknown, path: string, timeoutMs: number): unknown {
  if (isChangeoverError(error) || !(error instanceof Error)) return error
  if (error instanceof Timeout) return lost(path, `no answer in ${timeoutMs} ms`)
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'EACCES' || code === 'EPERM')
    return new ChangeoverError(
      'target.rights',
      `the account may not use the socket "${path}" of HAProxy`,
      `give it the right: see \`ls -l ${path}\`, and \`mode\` and \`group\` in the line of the socket`,
    )
  if (code === '' && error.message !== 'closed without an answer') return error
  return lost(path, code === 'ENOENT' ? 'there is no such socket' : code || error.message)
}

function lost(path: string, why: string): ChangeoverError {
  return new ChangeoverError(
    'target.unreachable',
    `HAProxy does not answer at "${path}": ${why}`,
    'see that HAProxy runs, and that `stats socket` in its configuration names this path',
  )
}

function shown(line: string): string {
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}

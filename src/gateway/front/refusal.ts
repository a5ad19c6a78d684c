/** Answers that the gateway itself gives, in plain words. Says nothing of what is behind it. */
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Failure } from '../upstream/index.ts'

/** `closes`: the connection is in doubt and ends with this answer. */
export interface Refusal {
  readonly status: number
  readonly words: string
  readonly closes?: boolean
  readonly headers?: readonly string[]
}

const head = (refusal: Refusal, text: string): string[] => [
  'Content-Type',
  'text/plain; charset=utf-8',
  'Content-Length',
  String(Buffer.byteLength(text)),
  'X-Changeover-Gateway',
  'refused',
  ...(refusal.headers ?? []),
  ...(refusal.closes ? ['Connection', 'close'] : []),
]

const textOf = ({ status, words }: Refusal): string => `${status} ${STATUS_CODES[status] ?? 'Refused'}: ${words}\n`

export function refuse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) return void response.destroy()
  const text = textOf(refusal)
  response.writeHead(refusal.status, head(refusal, text))
  response.end(text)
}

/** The same on a connection that has no response object: a request that could not be read, or one that asked for another protocol. */
export function refuseSocket(socket: Socket, given: Refusal): void {
  const refusal = { ...given, closes: true }
  const text = textOf(refusal)
  const fields = head(refusal, text)
  const lines = fields.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${fields[at + 1]}`] : []))
  const status = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Refused'}`
  if (socket.writable) socket.end(`${status}\r\n${lines.join('\r\n')}\r\n\r\n${text}`)
  else socket.destroy()
}

/** What is said to a client where the server failed. */
export function refusalOf({ type, why }: Failure): Refusal {
  if (type === 'timeout') return { status: 504, words: `the server did not answer in time: ${why}` }
  if (type === 'refused') return { status: 502, words: `no server could be reached: ${why}` }
  return { status: 502, words: `the server broke off: ${why}` }
}

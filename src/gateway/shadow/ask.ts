/** One request put to a side on connections of the shadow's own; the whole answer, or why there is none. Knows no client. */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import type { SeenAnswer } from '../../shadow/index.ts'
import type { Asker, Server } from '../upstream/index.ts'

export interface Asked {
  readonly method: string
  readonly target: string
  /** Header lines with their ends. */
  readonly fields: string
  readonly body: Buffer
}

export type Told =
  { readonly type: 'answer'; readonly answer: SeenAnswer } | { readonly type: 'too-large' } | { readonly type: 'none' }

/** Never rejects. `timeoutMs` is for all of it. */
export function ask(server: Server, asked: Asked, part: string, timeoutMs: number, mostBytes: number): Promise<Told> {
  return new Promise((resolve) => {
    const connection = server.lend(false)
    const pieces: Buffer[] = []
    let [size, head] = [0, undefined as Raw | undefined]
    const timer = setTimeout(() => give({ type: 'none' }), timeoutMs)
    const give = (told: Told, whole = false): void => {
      clearTimeout(timer)
      if (!whole) connection.abandon()
      resolve(told)
    }
    const take = (bytes: Buffer): boolean => {
      size += bytes.length
      if (size > mostBytes) give({ type: 'too-large' })
      else pieces.push(bytes)
      return true
    }
    const asker: Asker = {
      connected: () => {
        if (asked.body.length === 0) return
        connection.write(asked.body)
        connection.endBody()
      },
      information: () => undefined,
      head: ({ status, headers }) => void (head = { status, headers }),
      data: take,
      end: (last) => {
        if (last !== undefined) take(last)
        if (size > mostBytes) return
        void plain(head!, Buffer.concat(pieces), mostBytes).then((answer) => give({ type: 'answer', answer }, true))
      },
      upgraded: (_, socket) => {
        socket.destroy()
        give({ type: 'none' }, true)
      },
      failed: () => give({ type: 'none' }, true),
      drained: () => undefined,
    }
    connection.send(linesOf(asked, part), asked.method, asked.body.length > 0, asker)
  })
}

/** Marked, so that a version can keep out of its statistics what no user asked. */
function linesOf({ method, target, fields, body }: Asked, part: string): string {
  const length = body.length === 0 ? '' : `Content-Length: ${body.length}\r\n`
  return `${method} ${target} HTTP/1.1\r\n${fields}X-Changeover-Shadow: ${part}\r\n${length}Connection: keep-alive\r\n\r\n`
}

export interface Raw {
  readonly status: number
  readonly headers: readonly string[]
}

const codings: { readonly [name: string]: (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer> } = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/** Without the coding of its content, where that is known; as it is, where it is not or cannot be taken off. */
export async function plain({ status, headers: raw }: Raw, body: Buffer, mostBytes: number): Promise<SeenAnswer> {
  const headers = byName(raw)
  const coding = headers['content-encoding']
  const decode = typeof coding === 'string' && body.length > 0 ? codings[coding.trim().toLowerCase()] : undefined
  const decoded = await decode?.(body, { maxOutputLength: mostBytes * 8 }).catch(() => undefined)
  return { status, headers, body: decoded ?? body }
}

function byName(raw: readonly string[]): SeenAnswer['headers'] {
  const headers: Record<string, string | string[]> = {}
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    const before = headers[name]
    headers[name] =
      before === undefined ? raw[at + 1]! : [...(typeof before === 'string' ? [before] : before), raw[at + 1]!]
  }
  return headers
}

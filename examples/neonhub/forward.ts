/** One request to one service, and its whole answer. Says of a lost one whether the service may have acted on it. Never tries again. */
import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'

export interface Forwarded {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** `seen` is false when the service cannot have acted on the request: then any method may be tried again. */
export interface Lost {
  readonly code: string
  readonly seen: boolean
}

/** Headers of one connection, and those that are made anew for each. */
const hopByHop = new Set(
  'connection keep-alive transfer-encoding upgrade te trailer proxy-connection host content-length expect'.split(' '),
)

/**
 * A body is sent only when the service has said 100 (RFC 9110, 10.1.1). A connection that ends before, because the service closed it
 * or had not taken it from its queue yet, has done nothing.
 */
export function forward(
  agent: Agent,
  service: string,
  asked: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  body: Buffer,
): Promise<Forwarded | Lost> {
  const kept = Object.entries(asked.headers).filter(([name]) => !hopByHop.has(name))
  const expect = body.length > 0 ? { expect: '100-continue' } : {}
  const headers = { ...Object.fromEntries(kept), 'content-length': body.length, ...expect }
  return new Promise((resolve) => {
    const out = request(new URL(asked.url ?? '/', service), { agent, method: asked.method, headers })
    let sent = body.length === 0
    const send = (): void => {
      sent = true
      out.end(body)
    }
    const lost = (error: NodeJS.ErrnoException): void =>
      resolve({ code: error.code ?? error.message, seen: sent && error.code !== 'ECONNREFUSED' })
    out.once('error', lost)
    out.once('response', (response) => {
      if (!sent) send()
      const status = response.statusCode ?? 502
      collect(response).then((all) => resolve({ status, headers: response.headers, body: all }), lost)
    })
    if (sent) out.end()
    else {
      out.once('continue', send)
      out.flushHeaders()
    }
  })
}

/** The headers that go on to whoever asked. */
export function endToEnd(got: Forwarded): Record<string, string | string[] | number> {
  const kept = Object.entries(got.headers).filter(([name, value]) => !hopByHop.has(name) && value !== undefined)
  return { ...(Object.fromEntries(kept) as Record<string, string | string[]>), 'content-length': got.body.length }
}

export async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

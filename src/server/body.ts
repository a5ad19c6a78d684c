/** The body of a request as text, no larger than it may be. */
import type { IncomingMessage } from 'node:http'

/** How much of a body that is too large is thrown away, in multiples of what may be: a client that is still sending would not hear the answer. */
const patience = 16

/** Undefined: larger than `most` bytes, 413. Rejects when the client goes away. */
export async function bodyOf(request: IncomingMessage, most: number): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > most * patience) return undefined
  const parts: Buffer[] = []
  let size = 0
  // Without the option, leaving the loop would close the connection before it is answered.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length
    if (size <= most) parts.push(part)
    else if (size > most * patience) return undefined
  }
  return size > most ? undefined : Buffer.concat(parts).toString('utf8')
}

/** JSON in UTF-8, whatever else the header says about it; a request without the header is taken at its word. */
export function speaksJson(contentType: string | undefined): boolean {
  if (contentType === undefined) return true
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase())
  const charset = parameters.find((each) => each.startsWith('charset='))?.slice('charset='.length)
  return type === 'application/json' && (charset === undefined || /^"?utf-?8"?$/.test(charset))
}

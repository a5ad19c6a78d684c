/** The fields behind a chunked body: which of them are passed on, to a server and to a client. Pure, but for the response they are added to. */
import type { ServerResponse } from 'node:http'

/** Trailers that frame or route a message would be read as headers by someone (RFC 9110, 6.5.1). */
const noTrailers = new Set([
  'transfer-encoding',
  'content-length',
  'host',
  'connection',
  'trailer',
  'te',
  'upgrade',
  'authorization',
  'cookie',
  'set-cookie',
  'content-encoding',
  'content-type',
  'content-range',
])

/** The trailers of a request as lines, each with its line end. */
export function trailerLines(raw: readonly string[]): string {
  return pairs(raw)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
}

function pairs(raw: readonly string[]): [string, string][] {
  const all: [string, string][] = []
  for (let at = 0; at < raw.length; at += 2)
    if (!noTrailers.has(raw[at]!.toLowerCase())) all.push([raw[at]!, raw[at + 1]!])
  return all
}

/** Adds the trailers of an answer. */
export function addTrailers(response: ServerResponse, raw: readonly string[]): void {
  try {
    response.addTrailers(pairs(raw))
  } catch {
    // A trailer that cannot be sent is left out; the body is whole.
  }
}

/** Without the announcement of trailers: HTTP/1.0 has none. */
export function withoutTrailer(headers: string[]): string[] {
  return headers.filter((_, at) => headers[at - (at % 2)]!.toLowerCase() !== 'trailer')
}

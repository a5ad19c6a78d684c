/** A client's request head made ready for an upstream: what belongs to one connection taken out (RFC 9110, 7.6.1), who asked put in. Pure. */
import type { Refusal } from './refusal.ts'

/** What the gateway may tell upstreams of the client, and how it is called in `Via`. */
export interface HeadOptions {
  readonly pseudonym: string
  /** Takes what clients say in Forwarded and X-Forwarded-* for true, and adds to it; otherwise it is replaced. */
  readonly trustForwarded: boolean
  readonly forwarded: 'both' | 'x-forwarded' | 'forwarded' | 'none'
  /** Sent as Host instead of the client's. */
  readonly hostIs?: string | undefined
}

export interface Client {
  readonly address: string
  readonly protocol: 'http' | 'https'
  readonly httpVersion: string
}

/** `fields` are header lines, each with its line end, without framing and Connection. `length` is -1 where the client did not say. */
export interface RequestHead {
  readonly target: string
  readonly host: string
  readonly fields: string
  readonly framing: 'none' | 'length' | 'chunked'
  readonly length: number
  readonly upgrade: string
  readonly cookie: string
  /** The value of the header that was asked for as `wanted`. */
  readonly wanted: string
}

const bad = (words: string): Refusal => ({ status: 400, words, closes: true })

interface Gathered {
  names: string[]
  lines: string[]
  host: string | undefined
  length: string | undefined
  coding: string | undefined
  connection: string
  upgrade: string
  te: string
  via: string
  cookie: string
  wanted: string
  forwarded: string
  forwardedFor: string
  forwardedHost: string
  forwardedProto: string
}

/** `wanted`: a header, in lower case, whose value the caller needs. Refuses whatever two readers could read differently. */
export function readHead(
  raw: readonly string[],
  url: string,
  client: Client,
  options: HeadOptions,
  wanted: string | undefined,
): RequestHead | Refusal {
  const seen: Gathered = {
    names: [],
    lines: [],
    host: undefined,
    length: undefined,
    coding: undefined,
    connection: '',
    upgrade: '',
    te: '',
    via: '',
    cookie: '',
    wanted: '',
    forwarded: '',
    forwardedFor: '',
    forwardedHost: '',
    forwardedProto: '',
  }
  for (let at = 0; at < raw.length; at += 2) {
    const refused = gather(seen, raw[at]!, raw[at + 1]!, wanted)
    if (refused !== undefined) return refused
  }
  return complete(seen, url, client, options)
}

/** A place for one header. What is not of this connection is a line for the upstream. */
function gather(seen: Gathered, name: string, value: string, wanted: string | undefined): Refusal | undefined {
  const lower = name.toLowerCase()
  if (lower === wanted) seen.wanted = value
  switch (lower) {
    case 'host':
      if (seen.host !== undefined) return bad('there is more than one Host')
      seen.host = value
      return undefined
    case 'content-length':
      if (seen.length !== undefined) return bad('there is more than one Content-Length')
      seen.length = value
      return undefined
    case 'transfer-encoding':
      if (seen.coding !== undefined) return bad('there is more than one Transfer-Encoding')
      seen.coding = value
      return undefined
    case 'connection':
      seen.connection = joined(seen.connection, value)
      return undefined
    case 'upgrade':
      seen.upgrade = joined(seen.upgrade, value)
      return undefined
    case 'te':
      seen.te = joined(seen.te, value)
      return undefined
    case 'via':
      seen.via = joined(seen.via, value)
      return undefined
    case 'forwarded':
      seen.forwarded = joined(seen.forwarded, value)
      return undefined
    case 'x-forwarded-for':
      seen.forwardedFor = joined(seen.forwardedFor, value)
      return undefined
    case 'x-forwarded-host':
      seen.forwardedHost = value
      return undefined
    case 'x-forwarded-proto':
      seen.forwardedProto = value
      return undefined
    // The caller says whether a body waits for a go.
    case 'expect':
    case 'keep-alive':
    case 'proxy-connection':
    case 'proxy-authorization':
    case 'http2-settings':
    case 'x-changeover-shadow':
      return undefined
    case 'cookie':
      seen.cookie = seen.cookie === '' ? value : `${seen.cookie}; ${value}`
  }
  seen.names.push(lower)
  seen.lines.push(`${name}: ${value}\r\n`)
  return undefined
}

const joined = (so: string, more: string): string => (so === '' ? more : `${so}, ${more}`)

function complete(seen: Gathered, url: string, client: Client, options: HeadOptions): RequestHead | Refusal {
  const framing = framingOf(seen, client)
  if (typeof framing === 'object') return framing
  if (seen.connection !== '') {
    const refused = dropListed(seen)
    if (refused !== undefined) return refused
  }
  const where = targetOf(url, seen.host)
  if (where === undefined) return bad('the request target is not a path')
  if (seen.via !== '' && seen.via.includes(options.pseudonym))
    return { status: 508, words: 'the request came back to this gateway: an upstream leads here again' }
  return {
    ...where,
    fields: `Host: ${options.hostIs ?? where.host}\r\n${seen.lines.join('')}${added(seen, where.host, client, options)}`,
    framing,
    length: seen.length === undefined ? -1 : Number(seen.length),
    upgrade: seen.upgrade,
    cookie: seen.cookie,
    wanted: seen.wanted,
  }
}

/** RFC 9112, 6.3: a message with both framings, or with one that is not plain, is an attempt at smuggling. */
function framingOf(seen: Gathered, client: Client): RequestHead['framing'] | Refusal {
  if (seen.coding !== undefined) {
    if (seen.length !== undefined) return bad('there are both Content-Length and Transfer-Encoding')
    if (client.httpVersion === '1.0') return bad('there is a Transfer-Encoding in HTTP/1.0')
    if (seen.coding.toLowerCase() !== 'chunked')
      return { status: 501, words: 'a Transfer-Encoding other than "chunked" is not known here', closes: true }
    return 'chunked'
  }
  if (seen.length === undefined) return 'none'
  return /^\d{1,15}$/.test(seen.length) ? 'length' : bad('Content-Length is not a number')
}

/** Fields that Connection names belong to this connection. Framing and Host it may not name. */
function dropListed(seen: Gathered): Refusal | undefined {
  const lower = seen.connection.toLowerCase()
  if (lower === 'keep-alive' || lower === 'close') return undefined
  const listed = lower.split(',').map((name) => name.trim())
  if (listed.some((name) => name === 'host' || name === 'content-length' || name === 'transfer-encoding'))
    return bad('Connection names a field that every hop needs')
  seen.lines = seen.lines.filter((_, at) => !listed.includes(seen.names[at]!))
  // A listed sticky key or cookie is of the client's connection to us: it still says who asks.
  return undefined
}

/** The origin form, also of an absolute one, whose host wins over the Host field (RFC 9112, 3.2.2). */
function targetOf(
  url: string,
  host: string | undefined,
): { readonly target: string; readonly host: string } | undefined {
  if (url.startsWith('/') || url === '*') return { target: url, host: host ?? '' }
  const absolute = /^https?:\/\/([^/?#@\s]+)(.*)$/i.exec(url)
  if (absolute === null) return undefined
  const rest = absolute[2]!
  return { target: rest.startsWith('/') ? rest : `/${rest}`, host: absolute[1]! }
}

function added(seen: Gathered, host: string, client: Client, options: HeadOptions): string {
  const trusted = options.trustForwarded
  const via = `Via: ${joined(seen.via, `${client.httpVersion} ${options.pseudonym}`)}\r\n`
  const te = seen.te !== '' && /(^|,)\s*trailers\s*(;|,|$)/i.test(seen.te) ? 'TE: trailers\r\n' : ''
  let lines = via + te
  if (options.forwarded === 'both' || options.forwarded === 'x-forwarded') {
    lines += `X-Forwarded-For: ${trusted ? joined(seen.forwardedFor, client.address) : client.address}\r\n`
    lines += `X-Forwarded-Proto: ${trusted && seen.forwardedProto !== '' ? seen.forwardedProto : client.protocol}\r\n`
    const said = trusted && seen.forwardedHost !== '' ? seen.forwardedHost : host
    if (said !== '') lines += `X-Forwarded-Host: ${said}\r\n`
  }
  if (options.forwarded === 'both' || options.forwarded === 'forwarded') {
    const own = `for=${node(client.address)};proto=${client.protocol}${host === '' ? '' : `;host=${quoted(host)}`}`
    lines += `Forwarded: ${trusted ? joined(seen.forwarded, own) : own}\r\n`
  }
  return lines
}

/** RFC 7239, 6: an IPv6 address stands in brackets and quotes. */
function node(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address === '' ? 'unknown' : address
}

function quoted(value: string): string {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, '\\$&')}"`
}

/** The head as a server of HTTP/1.1 reads it. `expects`: the body waits for a go. */
export function headText(method: string, head: RequestHead, expects: boolean): string {
  const framing =
    head.framing === 'none'
      ? ''
      : head.framing === 'chunked'
        ? 'Transfer-Encoding: chunked\r\n'
        : `Content-Length: ${head.length}\r\n`
  return `${method} ${head.target} HTTP/1.1\r\n${head.fields}${framing}${expects ? 'Expect: 100-continue\r\n' : ''}Connection: keep-alive\r\n\r\n`
}

/** The head of an upstream's answer, read strictly: what two readers could read differently is an error. Pure. */

/** Names and values by turns, without what is of the upstream's connection. */
export interface AnswerHead {
  readonly status: number
  readonly reason: string
  readonly headers: string[]
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  readonly length: number
  /** The connection can take another request afterwards. */
  readonly stays: boolean
  /** For how many milliseconds the upstream says it keeps an idle connection; 0 where it does not say. */
  readonly idleMs: number
  readonly upgrade: boolean
}

/** What is wrong, in words for the error. */
export interface BadHead {
  readonly wrong: string
}

/** `text`: the head without the empty line at its end, as Latin-1. `method`: of the request; HEAD has no body. */
export function readAnswerHead(text: string, method: string): AnswerHead | BadHead {
  const end = text.indexOf('\r\n')
  const line = end < 0 ? text : text.slice(0, end)
  if (!/^HTTP\/1\.[01] [1-9]\d\d(?: |$)/.test(line)) return { wrong: 'its answer does not begin like HTTP/1' }
  const fields: Fields = {
    headers: [],
    length: undefined,
    coding: undefined,
    connection: '',
    keepAlive: '',
    trailer: '',
    upgrade: false,
  }
  let at = end < 0 ? text.length : end + 2
  while (at < text.length) {
    let stop = text.indexOf('\r\n', at)
    if (stop < 0) stop = text.length
    const wrong = readField(text, at, stop, fields)
    if (wrong !== undefined) return { wrong }
    at = stop + 2
  }
  return headOf(line, fields, method)
}

interface Fields {
  headers: string[]
  length: string | undefined
  coding: string | undefined
  connection: string
  keepAlive: string
  trailer: string
  upgrade: boolean
}

function readField(text: string, at: number, stop: number, fields: Fields): string | undefined {
  const colon = text.indexOf(':', at)
  if (colon <= at || colon >= stop) return 'a header of its answer has no name'
  const name = text.slice(at, colon)
  let from = colon + 1
  while (from < stop && (text.charCodeAt(from) === 32 || text.charCodeAt(from) === 9)) from += 1
  let to = stop
  while (to > from && (text.charCodeAt(to - 1) === 32 || text.charCodeAt(to - 1) === 9)) to -= 1
  const value = text.slice(from, to)
  return place(fields, name, value)
}

/** The lengths of the names that need a look; all others are passed on as they are. */
const special = new Set([2, 7, 10, 14, 16, 17, 18])

function place(fields: Fields, name: string, value: string): string | undefined {
  if (special.has(name.length)) {
    switch (name.toLowerCase()) {
      case 'content-length':
        if (fields.length !== undefined && fields.length !== value) return 'its answer has two lengths'
        fields.length = value
        return undefined
      case 'transfer-encoding':
        if (fields.coding !== undefined) return 'its answer has two Transfer-Encodings'
        fields.coding = value.toLowerCase()
        return undefined
      case 'connection':
        fields.connection += `,${value.toLowerCase()}`
        return undefined
      case 'keep-alive':
        fields.keepAlive = value
        return undefined
      case 'trailer':
        fields.trailer = value
        return undefined
      case 'upgrade':
        fields.upgrade = true
        break
      case 'te':
      case 'proxy-connection':
        return undefined
    }
  }
  fields.headers.push(name, value)
  return undefined
}

function headOf(line: string, fields: Fields, method: string): AnswerHead | BadHead {
  const status = Number(line.slice(9, 12))
  const { length, coding } = fields
  if (coding !== undefined && length !== undefined)
    return { wrong: 'its answer has both a length and a Transfer-Encoding' }
  if (coding !== undefined && coding !== 'chunked')
    return { wrong: 'its answer has a Transfer-Encoding other than chunked' }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return { wrong: 'the length of its answer is not a number' }
  const listed = fields.connection === '' ? [] : fields.connection.split(',').map((name) => name.trim())
  const old = line.charCodeAt(7) === 48
  const empty = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const framing = empty ? 'none' : coding !== undefined ? 'chunked' : length !== undefined ? 'length' : 'close'
  if (old && coding !== undefined) return { wrong: 'its answer has a Transfer-Encoding in HTTP/1.0' }
  return {
    status,
    reason: line.slice(13),
    headers: passedOn(fields, listed, framing, status),
    framing,
    length: framing === 'length' ? Number(length) : 0,
    stays: framing !== 'close' && !listed.includes('close') && (!old || listed.includes('keep-alive')),
    idleMs: fields.keepAlive === '' ? 0 : Number(/timeout=(\d{1,6})/i.exec(fields.keepAlive)?.[1] ?? 0) * 1000,
    upgrade: fields.upgrade,
  }
}

function passedOn(fields: Fields, listed: readonly string[], framing: AnswerHead['framing'], status: number): string[] {
  const { headers, length } = fields
  const drop = listed.filter((name) => name !== '' && name !== 'close' && name !== 'keep-alive')
  if (fields.upgrade && status !== 101) drop.push('upgrade')
  const kept =
    drop.length === 0 ? headers : headers.filter((_, at) => !drop.includes(headers[at - (at % 2)]!.toLowerCase()))
  // A HEAD or 304 says how long the body would be; a 204 and a 1xx have none to speak of.
  if (length !== undefined && status >= 200 && status !== 204) kept.push('Content-Length', length)
  if (framing === 'chunked' && fields.trailer !== '') kept.push('Trailer', fields.trailer)
  return kept
}

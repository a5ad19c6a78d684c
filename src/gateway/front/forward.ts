/** One request on its way to a side and back: bodies streamed both ways, repeated only where that is safe, refused in plain words. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RouteRoom } from '../route.ts'
import type { SideRoom } from '../side.ts'
import type { AnswerHead, Asker, Connection, Failure, Server } from '../upstream/index.ts'
import { type Refusal, refusalOf, refuse } from './refusal.ts'
import { headText, type RequestHead } from './request-head.ts'
import { addTrailers, trailerLines, withoutTrailer } from './trailers.ts'

/** Sees what passes, and may keep copies: the bytes of a body are others when the client has them. Never delays and never changes anything. */
export interface Witness {
  request(bytes: Buffer): void
  answer(head: AnswerHead): void
  body(bytes: Buffer): void
  /** The whole answer is with the client; `ms` since the request came. */
  over(ms: number): void
  /** There is no whole answer. */
  lost(): void
}

export interface Passage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly head: RequestHead
  readonly route: RouteRoom
  readonly side: SideRoom
  readonly expects: boolean
  readonly bodyBytes: number
  readonly witness: Witness | undefined
  /** True once the gateway is closing: clients are told to come back on another connection. */
  closing(): boolean
}

/** May be sent twice without harm (RFC 9110, 9.2.1). */
const safe = new Set(['GET', 'HEAD', 'OPTIONS'])
/** How long a client that waits for `100 Continue` is kept waiting by an upstream that does not say it. */
const continueMs = 1000
const mostTries = 3

export function forward(passage: Passage): void {
  new Forward(passage).enter()
}

class Forward implements Asker {
  readonly #at: Passage
  readonly #started = performance.now()
  readonly #repeatable: boolean
  #connection: Connection | undefined
  #server: Server | undefined
  #tried: Set<Server> | undefined
  #tries = 0
  #pumping = false
  #sent = 0
  /** The client does not keep up. */
  #full = false
  #status = 0
  #entered = false
  #over = false
  /** The answer had begun, and could not be ended. */
  #cut = false
  #takeBack: () => void = () => undefined
  #patience: NodeJS.Timeout | undefined

  constructor(at: Passage) {
    this.#at = at
    this.#repeatable = at.head.framing === 'none' && safe.has(at.request.method!)
    at.side.totals.requests += 1
    at.response.on('close', () => this.#closed())
  }

  enter(): void {
    this.#takeBack = this.#at.side.enter(
      () => {
        this.#entered = true
        this.#try()
      },
      (why) => this.#refuse({ status: 503, words: `the service is busy: ${why}`, headers: ['Retry-After', '1'] }),
    )
  }

  #try(): void {
    const server = this.#at.side.choose(this.#tried)
    if (server === undefined) return this.#refuse({ status: 503, words: 'no server of this side is up' })
    this.#server = server
    this.#tries += 1
    const { head, request } = this.#at
    const method = request.method!
    // The smallest thing that may go wrong twice is asked for on any connection; all else only on one that surely lives.
    this.#connection = server.lend(this.#repeatable)
    this.#connection.send(headText(method, head, this.#at.expects), method, head.framing !== 'none', this)
  }

  connected(): void {
    if (this.#at.head.framing === 'none' || this.#pumping) return
    if (!this.#at.expects) return this.#pump()
    this.#patience = setTimeout(() => this.#continue(), continueMs)
  }

  #continue(): void {
    clearTimeout(this.#patience)
    if (this.#pumping || this.#over || this.#at.response.headersSent) return
    this.#at.response.writeContinue()
    this.#pump()
  }

  #pump(): void {
    this.#pumping = true
    const { request, head, bodyBytes, witness } = this.#at
    const chunked = head.framing === 'chunked'
    request.on('data', (bytes: Buffer) => {
      this.#sent += bytes.length
      if (this.#sent > bodyBytes) return this.#tooLarge()
      witness?.request(bytes)
      const connection = this.#connection
      if (connection === undefined) return
      if (!(chunked ? writeChunk(connection, bytes) : connection.write(bytes))) request.pause()
    })
    request.on('end', () => {
      if (chunked) this.#connection?.write(`0\r\n${trailerLines(request.rawTrailers)}\r\n`)
      this.#connection?.endBody()
    })
  }

  drained(): void {
    if (this.#pumping) this.#at.request.resume()
  }

  #tooLarge(): void {
    this.#at.request.pause()
    this.#refuse({ status: 413, words: `the body is larger than ${this.#at.bodyBytes} bytes`, closes: true })
  }

  information(head: AnswerHead): void {
    const { response, request } = this.#at
    if (head.status === 100) return this.#at.expects ? this.#continue() : undefined
    if (head.status !== 103 || request.httpVersion === '1.0' || response.headersSent) return
    const links = valuesOf(head.headers, 'link')
    if (links.length > 0) response.writeEarlyHints({ link: links })
  }

  head(head: AnswerHead): void {
    clearTimeout(this.#patience)
    const { response, request, witness } = this.#at
    this.#status = head.status
    const headers = head.headers
    const early = this.#at.head.framing !== 'none' && !request.complete
    if (early || this.#at.closing()) headers.push('Connection', 'close')
    try {
      response.writeHead(head.status, head.reason, request.httpVersion === '1.0' ? withoutTrailer(headers) : headers)
    } catch (error) {
      // Node refuses what could end a header early: so an upstream cannot write a second answer.
      this.#abandon()
      return this.#refuse({
        status: 502,
        words: `the answer of the server holds a header that is none (${(error as { code?: string }).code ?? 'invalid'})`,
      })
    }
    witness?.answer(head)
  }

  data(bytes: Buffer, done: (() => void) | undefined): boolean {
    const { response, witness } = this.#at
    witness?.body(bytes)
    if (response.write(bytes, done)) return true
    // One read may hold many chunks, each of which comes here.
    if (this.#full) return false
    this.#full = true
    const connection = this.#connection
    response.once('drain', () => {
      this.#full = false
      if (connection !== undefined && connection === this.#connection) connection.resume()
    })
    return false
  }

  end(last: Buffer | undefined, trailers: readonly string[], done: (() => void) | undefined): void {
    this.#connection = undefined
    const { response, witness } = this.#at
    if (last !== undefined) witness?.body(last)
    if (trailers.length > 0) addTrailers(response, trailers)
    if (last === undefined) response.end()
    else response.end(last, done)
  }

  upgraded(_: AnswerHead, socket: { destroy(): void }): void {
    socket.destroy()
    this.#refuse({ status: 502, words: 'the server changed to another protocol without being asked' })
  }

  failed({ type, why }: Failure): void {
    this.#connection = undefined
    if (this.#over) return
    const server = this.#server!
    if (type === 'refused') server.refused()
    // It was the client that took nothing: its connection ends, and nobody is to blame.
    if (type === 'timeout' && this.#at.response.writableNeedDrain) return void this.#at.request.socket.destroy()
    // Nothing of it reached a server, or doing it twice does no harm: then another server, or a new connection, may answer.
    const again = (type === 'refused' && !this.#pumping) || (type === 'stale' && this.#repeatable)
    if (again && this.#tries < mostTries && !this.#at.response.headersSent) {
      this.#at.side.totals.retried += 1
      if (type === 'refused') (this.#tried ??= new Set()).add(server)
      return this.#try()
    }
    this.#refuse(refusalOf({ type, why }))
  }

  /** Where the answer has begun, it can only be cut: a client must not take the part for the whole. */
  #refuse(refusal: Refusal): void {
    clearTimeout(this.#patience)
    const { response, request } = this.#at
    this.#abandon()
    if (response.headersSent) {
      this.#status = 0
      this.#cut = true
      return void request.socket.destroy()
    }
    this.#status = refusal.status
    const unread = this.#at.head.framing !== 'none' && !request.complete
    refuse(response, unread ? { ...refusal, closes: true } : refusal)
  }

  #abandon(): void {
    this.#connection?.abandon()
    this.#connection = undefined
  }

  #closed(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#patience)
    const { side, response, witness } = this.#at
    const ms = performance.now() - this.#started
    const whole = response.writableFinished
    // The client is gone: what the upstream still says is for nobody.
    this.#abandon()
    if (!whole && !this.#cut) side.totals.aborted += 1
    if (this.#entered) side.leave()
    else this.#takeBack()
    count(side, this.#status, this.#cut, ms)
    if (whole && this.#status !== 0) witness?.over(ms)
    else witness?.lost()
  }
}

function count({ totals, latency }: SideRoom, status: number, lost: boolean, ms: number): void {
  totals.statuses[Math.floor(status / 100)]! += 1
  if (status >= 500 || lost) totals.failed += 1
  latency.note(ms)
}

function writeChunk(connection: Connection, bytes: Buffer): boolean {
  connection.cork()
  connection.write(`${bytes.length.toString(16)}\r\n`)
  connection.write(bytes)
  const room = connection.write('\r\n')
  connection.uncork()
  return room
}

function valuesOf(headers: readonly string[], name: string): string[] {
  return headers.flatMap((each, at) => (at % 2 === 0 && each.toLowerCase() === name ? [headers[at + 1]!] : []))
}

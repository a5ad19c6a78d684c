/** One connection to an upstream, one request at a time: writes heads and bodies, reads answers. Knows no client. */
import { connect, type Socket } from 'node:net'
import { type AnswerHead, readAnswerHead } from './answer-head.ts'
import { createUnchunked, type Unchunked } from './chunked.ts'
import { lasting, readPage } from './pages.ts'

/**
 * refused: no connection came about, nothing was sent. stale: a connection kept from before was closed under the request, not a byte
 * of an answer came. broken: it failed on the way. timeout: too long without a byte.
 */
export interface Failure {
  readonly type: 'refused' | 'stale' | 'broken' | 'timeout'
  readonly why: string
}

/** Who asked. After `end`, `failed` or `upgraded` nothing more is said. */
export interface Asker {
  /** The connection stands; a body may be sent. */
  connected(): void
  /** 100 to 199, but 101. */
  information(head: AnswerHead): void
  head(head: AnswerHead): void
  /** False: pause until `resume`. Once `done` was called the bytes are others; who never calls it keeps them. */
  data(bytes: Buffer, done: (() => void) | undefined): boolean
  end(last: Buffer | undefined, trailers: readonly string[], done: (() => void) | undefined): void
  upgraded(head: AnswerHead, socket: Socket, first: Buffer): void
  failed(failure: Failure): void
  /** More of the request's body may be written. */
  drained(): void
}

/** What a connection tells the pool it belongs to. `now` is coarse: the pool's last sweep. */
export interface Owner {
  readonly connectMs: number
  readonly answerMs: number
  readonly stallMs: number
  now: number
  free(connection: Connection): void
  gone(connection: Connection): void
}

const longestHead = 65_536
const endOfHead = Buffer.from('\r\n\r\n')

type State = 'idle' | 'head' | 'length' | 'chunked' | 'close' | 'switched' | 'gone'

export class Connection {
  /** When it must have got further, in the owner's time; 0 while nothing is awaited. */
  deadline = 0
  /** Since when it is idle, and how long the upstream said it keeps it. */
  idleSince = 0
  idleMs = 0
  readonly #socket: Socket
  readonly #owner: Owner
  #state: State = 'idle'
  #asker: Asker | undefined
  #method = ''
  #connected = false
  #used = 0
  #answered = false
  #bodyDone = true
  #head: AnswerHead | undefined
  #early: Buffer | undefined
  #left = 0
  #unchunked: Unchunked | undefined

  constructor(address: { readonly host: string; readonly port: number }, owner: Owner) {
    const onread = { buffer: readPage, callback: (count: number) => this.#read(readPage.subarray(0, count)) }
    const socket = connect({ ...address, noDelay: true, onread })
    this.#socket = socket
    this.#owner = owner
    socket.once('connect', () => this.#ready())
    socket.on('drain', () => this.#asker?.drained())
    socket.on('end', () => this.#ended())
    socket.on('error', (error: NodeJS.ErrnoException) => this.#broke(error.code ?? error.message))
    socket.on('close', () => this.#broke('the connection was closed'))
  }

  /** Sends a head; `bodyComes` until `endBody`. */
  send(head: string, method: string, bodyComes: boolean, asker: Asker): void {
    this.#asker = asker
    this.#method = method
    this.#state = 'head'
    this.#answered = false
    this.#bodyDone = !bodyComes
    this.deadline =
      this.#owner.now +
      (this.#connected ? (bodyComes ? this.#owner.stallMs : this.#owner.answerMs) : this.#owner.connectMs)
    this.#socket.write(head, 'latin1')
    if (this.#connected) asker.connected()
  }

  /** False: wait for `drained`. */
  write(bytes: Buffer | string): boolean {
    this.deadline = this.#owner.now + this.#owner.stallMs
    return this.#socket.write(bytes as string, 'latin1')
  }

  endBody(): void {
    this.#bodyDone = true
    if (this.#state === 'head') this.deadline = this.#owner.now + this.#owner.answerMs
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.deadline = this.#owner.now + this.#owner.stallMs
    this.#socket.resume()
  }

  /** The asker does not want the rest. */
  abandon(): void {
    this.#asker = undefined
    this.#leave()
  }

  /** Called by the owner when the deadline is over. */
  late(): void {
    this.#fail(
      this.#connected ? 'timeout' : 'refused',
      this.#connected ? 'it was silent for too long' : 'it took no connection in time',
    )
  }

  get idle(): boolean {
    return this.#state === 'idle'
  }

  #ready(): void {
    this.#connected = true
    if (this.#state !== 'head') return
    this.deadline = this.#owner.now + (this.#bodyDone ? this.#owner.answerMs : this.#owner.stallMs)
    this.#asker?.connected()
  }

  /** False: nothing is to be read for now. The bytes are those of the next read when this returns. */
  #read(given: Buffer): boolean {
    if (this.#state === 'switched') return this.#socket.push(Buffer.from(given))
    if (this.#state !== 'gone') this.#readAnswer(given)
    return true
  }

  #readAnswer(given: Buffer): void {
    let bytes = given
    // Nobody asked: an upstream that speaks out of turn could answer one client with another's bytes.
    if (this.#state === 'idle') return this.#leave()
    this.deadline = this.#owner.now + this.#owner.stallMs
    while (this.#state === 'head' && bytes.length > 0) {
      const rest = this.#readHead(bytes)
      if (rest === undefined) return
      bytes = rest
    }
    if (bytes.length > 0) this.#readBody(bytes)
  }

  /** What follows the head; undefined where there is nothing more to do with these bytes. */
  #readHead(given: Buffer): Buffer | undefined {
    const bytes = this.#early === undefined ? given : Buffer.concat([this.#early, given])
    const end = bytes.indexOf(endOfHead)
    this.#answered = true
    if (end < 0) {
      this.#early = Buffer.from(bytes)
      if (bytes.length > longestHead) this.#fail('broken', 'the head of its answer is too long')
      return undefined
    }
    this.#early = undefined
    const head = readAnswerHead(bytes.toString('latin1', 0, end), this.#method)
    if ('wrong' in head) {
      this.#fail('broken', head.wrong)
      return undefined
    }
    const rest = bytes.subarray(end + 4)
    if (head.status === 101) return this.#upgrade(head, rest)
    if (head.status < 200) {
      this.#asker?.information(head)
      return rest
    }
    this.#head = head
    this.#asker?.head(head)
    if (this.#asker === undefined) return undefined
    return this.#begin(head) ? rest : this.#speaksOn(rest)
  }

  /** True when a body follows. */
  #begin(head: AnswerHead): boolean {
    if (head.framing === 'none' || (head.framing === 'length' && head.length === 0)) {
      this.#finish(undefined, [])
      return false
    }
    this.#left = head.length
    this.#state = head.framing
    if (head.framing === 'chunked') this.#unchunked = createUnchunked()
    return true
  }

  #speaksOn(rest: Buffer): undefined {
    if (rest.length > 0) this.#leave()
  }

  #readBody(bytes: Buffer): void {
    if (this.#state === 'length') {
      if (bytes.length < this.#left) {
        this.#left -= bytes.length
        return this.#hand(bytes)
      }
      const over = bytes.length > this.#left
      this.#finish(over ? bytes.subarray(0, this.#left) : bytes, [])
      if (over) this.#leave()
    } else if (this.#state === 'chunked') {
      this.#readChunks(bytes)
    } else if (this.#state === 'close') {
      this.#hand(bytes)
    }
  }

  #readChunks(bytes: Buffer): void {
    const unchunked = this.#unchunked!
    let last: Buffer | undefined
    let used = 0
    try {
      used = unchunked.take(bytes, (piece) => {
        if (last !== undefined) this.#hand(last)
        last = piece
      })
    } catch (error) {
      return this.#fail('broken', (error as Error).message)
    }
    if (unchunked.done) {
      this.#finish(last, unchunked.trailers)
      if (used < bytes.length) this.#leave()
    } else if (last !== undefined) {
      this.#hand(last)
    }
  }

  #hand(read: Buffer): void {
    const { bytes, done } = lasting(read)
    if (this.#asker?.data(bytes, done) === false) this.#socket.pause()
  }

  #finish(read: Buffer | undefined, trailers: readonly string[]): void {
    const asker = this.#asker
    const last = read === undefined ? undefined : lasting(read)
    const stays = this.#head!.stays && this.#bodyDone && this.#state !== 'close'
    this.idleMs = this.#head!.idleMs
    this.#asker = undefined
    this.#head = undefined
    this.#unchunked = undefined
    this.deadline = 0
    if (stays) {
      this.#used += 1
      this.#state = 'idle'
      if (this.#socket.isPaused()) this.#socket.resume()
      this.#owner.free(this)
    } else {
      this.#leave()
    }
    asker?.end(last?.bytes, trailers, last?.done)
  }

  #upgrade(head: AnswerHead, first: Buffer): undefined {
    const asker = this.#asker
    this.#asker = undefined
    this.#state = 'switched'
    this.deadline = 0
    for (const event of ['drain', 'end', 'error', 'close']) this.#socket.removeAllListeners(event)
    this.#owner.gone(this)
    this.#socket.pause()
    asker?.upgraded(head, this.#socket, Buffer.from(first))
  }

  #ended(): void {
    if (this.#state === 'close') this.#finish(undefined, [])
    else this.#broke('it closed the connection')
  }

  #broke(why: string): void {
    if (!this.#connected) this.#fail('refused', why)
    else this.#fail(this.#used > 0 && !this.#answered ? 'stale' : 'broken', why)
  }

  #fail(type: Failure['type'], why: string): void {
    const asker = this.#asker
    this.#asker = undefined
    this.#leave()
    asker?.failed({ type, why })
  }

  #leave(): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    this.deadline = 0
    this.#socket.destroy()
    this.#owner.gone(this)
  }
}

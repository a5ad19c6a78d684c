/** One TCP connection to a node, from the side that asks: hello, then questions and answers by number. Tries nothing again. */
import { connect, type Socket } from 'node:net'
import { type Hello, readHello } from './features.ts'
import { encodeFrame, type Frame, FrameReader, frameTypes } from './frame.ts'

/** The other side is gone, or was never there: it may or may not have acted on what was asked. */
export class PeerLost extends Error {}
/** The other side is there and says no. */
export class Refused extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

interface Waiting {
  readonly taken: (frame: Frame) => void
  readonly lost: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

const patienceMs = 5_000

export class Stream {
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #reader = new FrameReader()
  #last = 0
  #theirs: Hello | null = null
  #closed = false

  private constructor(socket: Socket, onClose: () => void) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#closed = true
      this.#loseAll(new PeerLost('the connection has ended'))
      onClose()
    })
  }

  /** Connects and agrees. Throws PeerLost or Refused. */
  static async open(address: string, mine: Hello, onClose: () => void): Promise<Stream> {
    const colon = address.lastIndexOf(':')
    const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) })
    const stream = new Stream(socket, onClose)
    try {
      await stream.greet(mine)
      return stream
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  get theirs(): Hello {
    if (this.#theirs === null) throw new PeerLost('the other side has not said who it is')
    return this.#theirs
  }
  get closed(): boolean {
    return this.#closed
  }

  /** Says who this node is and what it offers; again whenever that changes. */
  async greet(mine: Hello): Promise<void> {
    const { head } = await this.ask(frameTypes.hello, mine, undefined, patienceMs)
    const theirs = readHello(head)
    if (theirs === null) throw new Refused('hello', 'the other side says nothing that is a hello')
    this.#theirs = theirs
  }

  ask(type: number, head: object, body?: Uint8Array, timeoutMs = patienceMs): Promise<Frame> {
    if (this.#closed) return Promise.reject(new PeerLost('the connection has ended'))
    const id = (this.#last = (this.#last % 0xffff_fffe) + 1)
    return new Promise((taken, lost) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        lost(new PeerLost(`no answer in ${timeoutMs} ms`))
      }, timeoutMs)
      this.#waiting.set(id, { taken, lost, timer })
      this.#socket.write(encodeFrame(type, id, head, body))
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    try {
      for (const frame of this.#reader.take(bytes)) this.#answered(frame)
    } catch {
      this.#socket.destroy()
    }
  }

  #answered(frame: Frame): void {
    const waiting = this.#waiting.get(frame.id)
    if (waiting === undefined) return
    this.#waiting.delete(frame.id)
    clearTimeout(waiting.timer)
    if (frame.type !== frameTypes.refuse) return waiting.taken(frame)
    waiting.lost(new Refused(String(frame.head['code']), String(frame.head['reason'])))
  }

  #loseAll(error: Error): void {
    for (const { lost, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      lost(error)
    }
    this.#waiting.clear()
  }
}

/** The answering side of every connection: says hello back, hands frames on by type, and refuses what it does not know. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type Hello, readHello } from './features.ts'
import { encodeFrame, type Frame, FrameReader, frameTypes } from './frame.ts'
import { Refused } from './stream.ts'

export interface Answer {
  readonly head: object
  readonly body?: Uint8Array
}
/** By type of frame. `from` is what the other side offered last. */
export type FrameHandlers = ReadonlyMap<number, (from: Hello, frame: Frame) => Answer | Promise<Answer>>

export interface Listening {
  readonly port: number
  stop(): Promise<void>
}

export interface ListenOptions {
  readonly port: number
  readonly mine: () => Hello
  /** False: whoever speaks v1 only is refused. Yes unless said. */
  readonly acceptsV1?: () => boolean
  readonly handlers: FrameHandlers
  readonly refused: (reason: string) => void
}

export async function listen(options: ListenOptions): Promise<Listening> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    converse(socket, options)
  })
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port, '127.0.0.1', () => resolve()),
  )
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return { port: (server.address() as AddressInfo).port, stop }
}

function converse(socket: Socket, { mine, acceptsV1, handlers, refused }: ListenOptions): void {
  const reader = new FrameReader()
  let from: Hello | null = null
  const answer = async (frame: Frame): Promise<void> => {
    try {
      const reply = await answerTo(frame)
      const type = frame.type === frameTypes.hello ? frameTypes.welcome : frameTypes.answer
      socket.write(encodeFrame(type, frame.id, reply.head, reply.body))
    } catch (error) {
      const code = error instanceof Refused ? error.code : 'failed'
      if (code === 'unknown') refused('unknown')
      const reason = error instanceof Error ? error.message : String(error)
      socket.write(encodeFrame(frameTypes.refuse, frame.id, { code, reason }))
    }
  }
  const answerTo = (frame: Frame): Answer | Promise<Answer> => {
    if (frame.type === frameTypes.hello) {
      from = readHello(frame.head)
      if (from === null) throw new Refused('hello', 'that is no hello')
      if (from.version === 'v1' && acceptsV1?.() === false) {
        from = null
        throw new Refused('hello', 'the v1 way is closed here')
      }
      return { head: mine() }
    }
    if (from === null) throw new Refused('hello', 'the first frame is a hello')
    const handler = handlers.get(frame.type)
    if (handler === undefined) throw new Refused('unknown', `a frame of type ${frame.type} is not known here`)
    return handler(from, frame)
  }
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => {
    try {
      for (const frame of reader.take(bytes)) void answer(frame)
    } catch {
      refused('damaged')
      socket.destroy()
    }
  })
}

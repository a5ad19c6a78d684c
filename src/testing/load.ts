/** Clients that ask all the time, each on a connection it keeps, and count what they see. For tests and benchmarks; bounded by their number and their pace. */
import { connect, type Socket } from 'node:net'

export interface LoadOptions {
  readonly url: string
  readonly clients: number
  /** Between an answer and the next request of a client, in milliseconds. */
  readonly paceMs?: number
}

export interface LoadReport {
  readonly requests: number
  /** Answers that were not 2xx, connections that broke with a request under way, and connections that could not be made. */
  readonly failed: number
  readonly failures: readonly string[]
  readonly sides: { readonly [side: string]: number }
}

export interface Load {
  report(): LoadReport
  stop(): Promise<LoadReport>
}

export function startLoad(options: LoadOptions): Load {
  const { hostname, port, pathname } = new URL(options.url)
  const seen = { requests: 0, failed: 0, failures: [] as string[], sides: {} as { [side: string]: number } }
  let ending = false
  const fail = (why: string) => {
    seen.failed += 1
    if (seen.failures.length < 10) seen.failures.push(why)
  }
  const client = async (number: number): Promise<void> => {
    let socket = await dial(Number(port), hostname)
    for (let count = 0; !ending; count++) {
      const answer = await ask(
        socket,
        `GET ${pathname} HTTP/1.1\r\nhost: load\r\nx-user-id: user-${number}-${count}\r\n\r\n`,
      )
      seen.requests += 1
      if (answer.status >= 200 && answer.status < 300) seen.sides[answer.side] = (seen.sides[answer.side] ?? 0) + 1
      else fail(answer.why)
      if (answer.closed) socket = await dial(Number(port), hostname)
      if (options.paceMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.paceMs))
    }
    socket.destroy()
  }
  const clients = Array.from({ length: options.clients }, (_, number) =>
    client(number).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error))),
  )
  return {
    report: () => structuredClone(seen),
    stop: async () => {
      ending = true
      await Promise.all(clients)
      return structuredClone(seen)
    },
  }
}

interface Answer {
  readonly status: number
  readonly side: string
  readonly closed: boolean
  readonly why: string
}

function dial(port: number, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.setEncoding('latin1')
      resolve(socket)
    })
  })
}

/** Every answer of the rig has a body of "ok\n"; one of the proxy itself ends with its connection, or its length. */
function ask(socket: Socket, request: string): Promise<Answer> {
  return new Promise((resolve) => {
    let text = ''
    const end = (closed: boolean, why = '') => {
      socket.off('data', take).off('close', gone).off('error', gone)
      const status = Number(/^HTTP\/1\.[01] (\d+)/.exec(text)?.[1] ?? 0)
      const side = /^x-side: (.*)\r$/m.exec(text)?.[1] ?? ''
      if (closed) socket.destroy()
      resolve({ status, side, closed, why: why || text.split('\r\n')[0]! })
    }
    const take = (part: string) => {
      text += part
      const head = text.indexOf('\r\n\r\n')
      const length = Number(/^content-length: (\d+)\r$/im.exec(text)?.[1] ?? NaN)
      if (head >= 0 && text.length >= head + 4 + length) end(/^connection: close\r$/im.test(text))
    }
    const gone = () => end(true, text === '' ? 'the connection broke with a request under way' : text.split('\r\n')[0]!)
    socket.on('data', take).on('close', gone).on('error', gone)
    socket.write(request)
  })
}

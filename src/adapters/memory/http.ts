/** The http port in memory, for tests: an API that is a function. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { Target } from '../../core/kind.ts'
import type { Answer, HttpWriter } from '../../core/ports/index.ts'

export interface MemoryRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body: Json | undefined
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string }
}

/** What the API answers; 'down' is no answer at all. `ms` is the latency to report. */
export type MemoryAnswer = { readonly status: number; readonly body?: Json; readonly ms?: number } | 'down'

export interface MemoryHttp extends Target<'http'> {
  /** Every request there was, in order. */
  readonly requests: readonly MemoryRequest[]
}

export function memoryHttp(answer: (request: MemoryRequest, count: number) => MemoryAnswer): MemoryHttp {
  const requests: MemoryRequest[] = []
  const ask = async (request: MemoryRequest): Promise<Answer> => {
    requests.push(request)
    const given = answer(request, requests.length)
    if (given === 'down') {
      throw new ChangeoverError(
        'target.unreachable',
        `${request.method} "http://memory${request.path}" failed: ECONNREFUSED`,
        'see that the service runs',
      )
    }
    return { status: given.status, headers: {}, body: given.body ?? '', ms: given.ms ?? 1 }
  }
  const client: HttpWriter = {
    get: (path) => ask({ method: 'GET', path, body: undefined, headers: {} }),
    send: (method, path, body, headers = {}) =>
      ask({
        method,
        path,
        body,
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      }),
  }
  return {
    requests,
    identity: async () => 'http:memory',
    observe: async () => ({}),
    read: client,
    write: client,
    fence: async () => undefined,
    close: async () => undefined,
  }
}

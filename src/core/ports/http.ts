/** The http port: an API that is asked and told. Credentials are the adapter's; a kind never sees them. */
import type { Json } from '../json.ts'

/** `body` is parsed when the answer says it is JSON, text otherwise. `ms` until the whole body was there. */
export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: Json
  readonly ms: number
}

/** Asks an API, and changes nothing by it. */
export interface HttpReader {
  get(path: string): Promise<Answer>
}

/** Asks an API for changes. */
export interface HttpWriter extends HttpReader {
  send(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: Json,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>
}

/** The port `http`. */
export interface HttpPort {
  readonly facts: Record<never, never>
  readonly tools: Record<never, never>
  readonly read: HttpReader
  readonly write: HttpWriter
}

/** One client's requests: paced, timed, judged. A 5xx, a lost connection, 5 s without the whole answer or a wrong answer is a failure. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Exact, exact } from './exact.ts'
import type { Client, Stats } from './stats.ts'

/** What was asked, what was expected and what came instead. */
export interface Failure {
  readonly at: string
  readonly client: Client
  readonly method: string
  readonly path: string
  readonly status: number | null
  readonly expected: string
  readonly got: string
  readonly ms: number
}

export interface Answered {
  readonly status: number
  readonly version: string
  readonly text: string
}

export interface CallerOptions {
  readonly client: Client
  readonly url: string
  /** Requests a second, evenly spaced; asked for each request. */
  readonly rate: () => number
  readonly stats: Stats
  readonly failed: (failure: Failure) => void
  /** True when this answer only says that the client's version is not here (any more): then it is no failure. */
  readonly turnedAway: (answer: Answered) => boolean
}

interface Asking {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH'
  readonly path: string
  readonly body?: string
  readonly status?: number
  /** What should have been there, in words, or null when all is right. */
  judge(body: Exact): string | null
}

/** `failed`: it may or may not have happened. `away`: it did not. */
type Outcome =
  { readonly type: 'right'; readonly body: Exact } | { readonly type: 'failed' } | { readonly type: 'away' }

export interface Caller {
  ask(asking: Asking): Promise<Outcome>
  /** One unpaced, uncounted look. Null when there is no answer. */
  look(path: string): Promise<Answered | null>
  close(): void
}

const patienceMs = 5_000

export function caller(given: CallerOptions): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: 10_000 })
  let slot = 0

  const ask = async (asking: Asking): Promise<Outcome> => {
    const due = Math.max(performance.now(), slot)
    slot = due + 1_000 / given.rate()
    await sleep(Math.max(0, due - performance.now()))
    const write = asking.method !== 'GET'
    const began = performance.now()
    const asked = write ? given.stats.writeBegan(began) : null
    const answer = await fetchOnce(agent, given.url, asking).catch((error: unknown) => String(error))
    const ended = performance.now()
    if (typeof answer !== 'string') given.stats.answeredBy(answer.version, Date.now())
    const judged = typeof answer === 'string' ? { right: false as const, expected: 'an answer' } : judge(asking, answer)
    const away = typeof answer !== 'string' && !judged.right && given.turnedAway(answer)
    if (asked) given.stats.writeEnded(asked, ended, Date.now(), judged.right)
    if (away) return { type: 'away' }
    const ms = ended - began
    given.stats.count({ client: given.client, write, failed: !judged.right, ms }, Date.now())
    if (judged.right) return { type: 'right', body: judged.body }
    const got = typeof answer === 'string' ? answer : answer.text.slice(0, 2_000)
    const status = typeof answer === 'string' ? null : answer.status
    given.failed({
      at: new Date().toISOString(),
      client: given.client,
      method: asking.method,
      path: asking.path,
      status,
      expected: judged.expected,
      got,
      ms,
    })
    return { type: 'failed' }
  }
  const look = (path: string): Promise<Answered | null> =>
    fetchOnce(agent, given.url, { method: 'GET', path }).catch(() => null)
  return { ask, look, close: () => agent.destroy() }
}

function judge(asking: Asking, answer: Answered): { right: true; body: Exact } | { right: false; expected: string } {
  const wanted = asking.status ?? 200
  if (answer.status !== wanted) return { right: false, expected: `status ${wanted}` }
  try {
    const body = exact(answer.text)
    const expected = asking.judge(body)
    return expected === null ? { right: true, body } : { right: false, expected }
  } catch {
    return { right: false, expected: 'JSON' }
  }
}

function fetchOnce(agent: Agent, url: string, asking: Pick<Asking, 'method' | 'path' | 'body'>): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(asking.body ?? '')
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const out = request(new URL(asking.path, url), { agent, method: asking.method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => {
        const version = String(response.headers['x-neonhub-version'] ?? '')
        resolve({ status: response.statusCode ?? 0, version, text: Buffer.concat(chunks).toString('utf8') })
      })
    })
    const late = setTimeout(() => out.destroy(new Error(`no whole answer in ${patienceMs} ms`)), patienceMs)
    out.once('close', () => clearTimeout(late)).once('error', reject)
    out.end(body)
  })
}

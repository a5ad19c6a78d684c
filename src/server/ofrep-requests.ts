/** One request to the OFREP server: which it is, whether it may, and what it gets. The order of refusals is the order of this file. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, JsonObject } from '../core/index.ts'
import type { Access, Known } from './access.ts'
import type { Allowance } from './allowance.ts'
import { bodyOf, speaksJson } from './body.ts'
import type { Counters } from './counters.ts'
import type { EventStreams } from './event-streams.ts'
import type { FlagSource } from '../flags/index.ts'
import { etagOf, hasBody, heardOf, isAsNew } from './freshness.ts'
import { answerAll, answerOne, askingOf, failed, reasonIn } from './ofrep-answers.ts'

/** What every request is answered with. */
export interface Desk {
  readonly source: FlagSource
  readonly clock: Pick<Clock, 'now'>
  readonly access: Access
  readonly allowance: Allowance | undefined
  readonly streams: EventStreams
  readonly counters: Counters
  readonly mostBytes: number
  readonly origins: readonly string[]
  readonly needsKey: boolean
}

const flagsPath = '/ofrep/v1/evaluate/flags'
const eventsPath = '/ofrep/v1/events'

type Route =
  | { readonly to: 'one'; readonly key: string }
  | { readonly to: 'all' | 'events' | 'metrics' }
  | { readonly to: 'nowhere' }

interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: JsonObject | string
}

export async function handle(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(`http://localhost${request.url?.startsWith('/') ? request.url : '/'}`)
  const route = routeOf(url.pathname)
  allowOrigin(desk, request, response)
  const reply = await replyTo(desk, route, url, request, response)
  const status = reply === undefined ? 200 : reply.status
  desk.counters.add('changeover_ofrep_requests_total', { to: route.to, status: String(status) })
  if (reply !== undefined) send(reply, request, response)
}

function routeOf(path: string): Route {
  if (path === flagsPath) return { to: 'all' }
  if (path === eventsPath) return { to: 'events' }
  if (path === '/metrics') return { to: 'metrics' }
  // The official clients put a key into the path as it is, with its slashes.
  const key = path.startsWith(`${flagsPath}/`) ? decoded(path.slice(flagsPath.length + 1)) : ''
  return key === '' ? { to: 'nowhere' } : { to: 'one', key }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Undefined: a stream, which answers for itself. */
async function replyTo(
  desk: Desk,
  route: Route,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Reply | undefined> {
  if (route.to === 'nowhere') return { status: 404, body: { errorDetails: `there is nothing at ${url.pathname}` } }
  const evaluates = route.to === 'one' || route.to === 'all'
  const methods = evaluates ? ['POST', 'OPTIONS'] : ['GET', 'HEAD', 'OPTIONS']
  if (!methods.includes(request.method ?? '')) return notAllowed(methods)
  if (request.method === 'OPTIONS') return { status: 204, headers: { allow: methods.join(', ') } }
  if (route.to === 'metrics') return metricsOf(desk)
  const caller = callerOf(desk, route, url, request)
  // Who is nobody is counted by address: tokens are not to be guessed faster than flags are asked.
  const wait = desk.allowance?.ask(callerName(caller, request), desk.clock.now()) ?? 0
  if (wait > 0) return { status: 429, headers: { 'retry-after': String(wait) } }
  if (caller === undefined) return { status: 401, headers: { 'www-authenticate': 'Bearer' } }
  if (route.to === 'one' && !caller.mayAsk(route.key)) return { status: 403 }
  if (route.to === 'events') return stream(desk, request, response)
  const key = route.to === 'one' ? route.key : undefined
  const body = await textOf(desk, request, key)
  if (typeof body !== 'string') return body
  return route.to === 'one' ? one(desk, caller, route.key, body) : all(desk, caller, url, body, request)
}

function callerOf(desk: Desk, route: Route, url: URL, request: IncomingMessage): Known | undefined {
  const key = route.to === 'events' ? url.searchParams.get('key') : null
  return desk.access.caller(request.headers) ?? (key === null ? undefined : desk.access.callerOfStream(key))
}

/** Without a token, each address is a caller of its own. */
function callerName(caller: Known | undefined, request: IncomingMessage): string {
  return caller?.streamKey === undefined ? (request.socket.remoteAddress ?? '') : caller.name
}

async function textOf(desk: Desk, request: IncomingMessage, key: string | undefined): Promise<string | Reply> {
  if (!speaksJson(request.headers['content-type']))
    return failed(415, key, 'GENERAL', 'the body must be application/json in UTF-8')
  const body = await bodyOf(request, desk.mostBytes)
  if (body !== undefined) return body
  const tooLarge = failed(413, key, 'GENERAL', `the body is larger than ${desk.mostBytes} bytes`)
  // What is left of it would be taken for the next request.
  return { ...tooLarge, headers: { connection: 'close' } }
}

function one(desk: Desk, caller: Known, key: string, body: string): Reply {
  const asking = askingOf(body, key, desk.needsKey || caller.needsKey)
  if ('refusal' in asking) return asking.refusal
  const answered = answerOne(desk.source.current().flags, key, asking.context)
  desk.counters.add('changeover_ofrep_evaluations_total', { reason: reasonIn(answered.body) })
  return answered
}

async function all(desk: Desk, caller: Known, url: URL, body: string, request: IncomingMessage): Promise<Reply> {
  const asking = askingOf(body, undefined, desk.needsKey || caller.needsKey)
  if ('refusal' in asking) return asking.refusal
  const heard = heardOf(url.searchParams)
  // The client heard of a change, from another server perhaps, before this one did.
  if (!isAsNew(desk.source.current(), heard)) await desk.source.refresh()
  const served = desk.source.current()
  const requestUri = caller.streamKey === undefined ? eventsPath : `${eventsPath}?key=${caller.streamKey}`
  const answers = answerAll(served.flags, asking.context, (key) => caller.mayAsk(key), [
    { type: 'sse', endpoint: { requestUri }, inactivityDelaySec: 120 },
  ])
  const text = JSON.stringify(answers)
  const etag = etagOf(text)
  const headers = { etag, 'cache-control': 'private, no-cache' }
  if (hasBody(request.headers['if-none-match'], etag) && isAsNew(served, heard)) return { status: 304, headers }
  for (const each of answers['flags'] as readonly JsonObject[])
    desk.counters.add('changeover_ofrep_evaluations_total', { reason: reasonIn(each) })
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body: text }
}

function stream(desk: Desk, request: IncomingMessage, response: ServerResponse): Reply | undefined {
  if (request.method === 'HEAD') return { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } }
  const lastId = request.headers['last-event-id']
  desk.streams.open(response, typeof lastId === 'string' ? lastId : undefined)
  return undefined
}

function metricsOf(desk: Desk): Reply {
  const body = desk.counters.text({
    changeover_flag_streams: desk.streams.count(),
    changeover_flag_store_troubled: desk.source.problem() === undefined ? 0 : 1,
    changeover_flags: desk.source.current().flags.keys.length,
  })
  return { status: 200, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, body }
}

function notAllowed(methods: readonly string[]): Reply {
  const allow = methods.join(', ')
  return { ...failed(405, undefined, 'GENERAL', `the methods here are ${allow}`), headers: { allow } }
}

/** Pages of other origins may ask only where they are named. */
function allowOrigin(desk: Desk, request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers
  if (origin === undefined || desk.origins.length === 0) return
  response.setHeader('vary', 'origin')
  if (!desk.origins.includes('*') && !desk.origins.includes(origin)) return
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-expose-headers', 'etag, retry-after')
  if (request.method !== 'OPTIONS') return
  response.setHeader('access-control-allow-methods', 'GET, POST')
  response.setHeader('access-control-allow-headers', 'authorization, content-type, if-none-match, x-api-key')
  response.setHeader('access-control-max-age', '600')
}

function send(reply: Reply, request: IncomingMessage, response: ServerResponse): void {
  const text = typeof reply.body === 'object' ? JSON.stringify(reply.body) : (reply.body ?? '')
  const json = typeof reply.body === 'object' ? { 'content-type': 'application/json' } : {}
  const length = reply.status === 204 || reply.status === 304 ? {} : { 'content-length': Buffer.byteLength(text) }
  response.writeHead(reply.status, { ...json, ...length, ...reply.headers })
  response.end(request.method === 'HEAD' ? '' : text)
}

/** The control door: a small JSON API on a port of its own, for the adapter `gateway` and for people. Only with the token; /metrics and /health without. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import type { Shares } from '../core/ports/index.ts'
import { metricsPage } from './metrics-page.ts'
import type { Shadows } from './shadow/index.ts'
import type { Traffic } from './traffic.ts'

export interface ControlOptions {
  readonly traffic: Traffic
  readonly shadows: Shadows
  readonly token: string
}

interface Call {
  readonly method: string
  readonly parts: readonly string[]
  readonly body: unknown
}

const mostBytes = 65_536

export function openControl(options: ControlOptions): Server {
  return createServer({ requestTimeout: 10_000 }, (request, response) => void answer(options, request, response))
}

async function answer(options: ControlOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?')[0]!
  try {
    if (request.method === 'GET' && path === '/health') return text(response, 'ok\n')
    if (request.method === 'GET' && path === '/metrics')
      return text(response, metricsPage(options.traffic, options.shadows))
    if (!knows(request.headers.authorization, options.token))
      return send(
        response,
        401,
        problem('target.rights', 'the token is missing or wrong', 'send "authorization: Bearer TOKEN"'),
      )
    const barred = request.method === 'GET' ? undefined : barredBy(options.traffic, request)
    if (barred !== undefined)
      return send(
        response,
        409,
        problem('target.fenced', `a newer runner works on this gateway (claim ${barred})`, 'stop this one'),
      )
    const parts = path
      .split('/')
      .filter((part) => part !== '')
      .map((part) => decodeURIComponent(part))
    const body = request.method === 'GET' ? undefined : await bodyOf(request)
    const found = await perform(options, { method: request.method ?? '', parts, body })
    if (found === undefined)
      return send(
        response,
        404,
        problem('target.failed', `there is no ${request.method} ${path}`, 'see the reference of the gateway'),
      )
    return send(response, 200, found)
  } catch (error) {
    if (!isChangeoverError(error))
      return send(response, 400, problem('target.failed', 'the request cannot be read', 'send JSON'))
    return send(response, 422, problem(error.code, error.message, error.help))
  }
}

/** Undefined: there is no such thing. */
async function perform(
  { traffic, shadows }: ControlOptions,
  { method, parts, body }: Call,
): Promise<object | undefined> {
  const [version, noun, name, what, side, verb] = parts
  if (version !== 'v1') return undefined
  const call = `${method} ${noun}`
  if (call === 'GET gateway' && parts.length === 2) return { id: traffic.id, facts: traffic.facts }
  if (call === 'POST fence' && parts.length === 2) return done(traffic.fence(...claimIn(body)))
  if (call === 'DELETE fence' && name !== undefined) return done(traffic.forget(name))
  if (noun !== 'routes' || name === undefined || what === undefined) return undefined
  if (method === 'GET' && parts.length === 4) return reading(traffic, shadows, name, what)
  if (method === 'PUT' && what === 'shares' && parts.length === 4) return traffic.shift(name, sharesIn(body))
  if (method === 'POST' && what === 'sides' && side !== undefined && (verb === 'drain' || verb === 'ready'))
    return done(traffic.drain(name, side, verb === 'drain'))
  return undefined
}

function reading(traffic: Traffic, shadows: Shadows, name: string, what: string): object | undefined {
  const route = traffic.route(name)
  if (what === 'shares') return traffic.shares(name)
  if (what === 'sides') return traffic.sides(name)
  if (what === 'counts') return traffic.counts(name)
  if (what === 'shadow') return shadows.report(name) ?? {}
  if (what !== 'latency') return undefined
  const quantiles = route.sides.map(({ name: side, latency }) => [
    side,
    { count: latency.count, p50: latency.quantile(0.5), p95: latency.quantile(0.95), p99: latency.quantile(0.99) },
  ])
  return Object.fromEntries(quantiles) as object
}

async function done(work: Promise<void>): Promise<object> {
  await work
  return {}
}

function sharesIn(body: unknown): Shares {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Shares
  throw new ChangeoverError('target.failed', 'the shares are no object', 'send them as {"v1": 9000, "v2": 1000}')
}

function claimIn(body: unknown): [run: string, claim: number] {
  const { run, claim } = (body ?? {}) as { readonly run?: unknown; readonly claim?: unknown }
  if (typeof run === 'string' && typeof claim === 'number') return [run, claim]
  throw new ChangeoverError('target.failed', 'the claim names no run', 'send it as {"run": "…", "claim": 1}')
}

/** Who changes something says for which run and with which claim; a person with a token needs neither. */
function barredBy(traffic: Traffic, { headers }: IncomingMessage): number | undefined {
  const [run, claim] = [headers['x-changeover-run'], Number(headers['x-changeover-claim'])]
  return typeof run === 'string' && Number.isFinite(claim)
    ? traffic.barredBy(decodeURIComponent(run), claim)
    : undefined
}

function knows(given: string | undefined, token: string): boolean {
  const digest = (each: string): Buffer => createHash('sha256').update(each).digest()
  return given !== undefined && timingSafeEqual(digest(given), digest(`Bearer ${token}`))
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > mostBytes) throw new Error('too large')
    pieces.push(piece)
  }
  return size === 0 ? undefined : (JSON.parse(Buffer.concat(pieces).toString()) as unknown)
}

function problem(code: string, message: string, help: string): object {
  return { code, message, help }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

function text(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
  response.end(body)
}

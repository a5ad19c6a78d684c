/** Requests below one address: timed, bounded, and with the credentials cut out of whatever comes back. */
import { createHmac } from 'node:crypto'
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { Answer, HttpWriter } from '../../core/ports/index.ts'

export interface ClientOptions {
  readonly base: URL
  readonly headers: { readonly [name: string]: string }
  readonly secrets: { readonly [name: string]: string }
  readonly timeoutMs: number
  readonly sign: { readonly secret: string; readonly header: string } | undefined
  readonly signal: AbortSignal
}

/** Headers of the target that hold no credential. */
const openHeaders = /^(accept|content-|user-agent$|x-requested-with$)/i
/** Shorter header values are words such as "application/json". */
const secretLength = 8
/** Answers that say who may come back later: they are credentials too. */
const secretHeaders = new Set(['set-cookie', 'authorization', 'www-authenticate'])

export function openClient(options: ClientOptions): HttpWriter {
  return {
    get: (path) => request(options, 'GET', path, undefined, {}),
    send: (method, path, body, headers) => request(options, method, path, body, headers ?? {}),
  }
}

async function request(
  options: ClientOptions,
  method: string,
  path: string,
  body: Json | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  options.signal.throwIfAborted()
  const url = below(options.base, path)
  const text = body === undefined ? undefined : JSON.stringify(fill(body, options.secrets))
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(new Timeout()), options.timeoutMs)
  const abort = (): void => stop.abort(options.signal.reason)
  options.signal.addEventListener('abort', abort, { once: true })
  const start = performance.now()
  try {
    // A redirect could carry the credentials to another host: it is an answer like any other.
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      signal: stop.signal,
      headers: headersOf(options, text, headers),
      ...(text === undefined ? {} : { body: text }),
    })
    return await answerOf(options, response, start)
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason
    throw unreachable(error, options, method, url)
  } finally {
    clearTimeout(timer)
    options.signal.removeEventListener('abort', abort)
  }
}

/** `{{NAME}}` in a text of the body becomes the secret of that name: plans and journals hold the name alone. */
function fill(value: Json, secrets: ClientOptions['secrets']): Json {
  if (typeof value === 'string') return value.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => secrets[name] ?? whole)
  if (Array.isArray(value)) return value.map((each: Json) => fill(each, secrets))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, secrets)]))
}

class Timeout extends Error {}

/** The path below the base address. Refuses another origin: it would get the credentials. */
function below(base: URL, path: string): URL {
  const root = base.pathname.replace(/\/$/, '')
  const url = new URL(`${base.origin}${root}${path.startsWith('/') ? '' : '/'}${path}`)
  if (url.origin === base.origin && url.pathname.startsWith(`${root}/`)) return url
  throw new ChangeoverError(
    'target.failed',
    `"${path}" leads away from "${base.origin}${base.pathname}"`,
    'name a path below the url of the target',
  )
}

function headersOf(
  options: ClientOptions,
  text: string | undefined,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const sign = text === undefined ? undefined : options.sign
  return {
    accept: 'application/json, */*;q=0.5',
    ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    ...lower(options.headers),
    ...lower(more),
    ...(sign
      ? { [sign.header.toLowerCase()]: `sha256=${createHmac('sha256', sign.secret).update(text!).digest('hex')}` }
      : {}),
  }
}

/** One spelling for each header: fetch would send both of two. */
function lower(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

async function answerOf(options: ClientOptions, response: Response, start: number): Promise<Answer> {
  const text = hide(options, await response.text())
  const ms = performance.now() - start
  const headers = Object.fromEntries(
    [...response.headers]
      .filter(([name]) => !secretHeaders.has(name))
      .map(([name, value]) => [name, hide(options, value)]),
  )
  return { status: response.status, headers, body: parse(text, response.headers.get('content-type') ?? ''), ms }
}

function parse(text: string, type: string): Json {
  if (!/[/+]json\b/i.test(type)) return text
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

/** An API that echoes a credential does not bring it into a journal. Also without its scheme: "Bearer x" hides x. */
function hide(options: ClientOptions, text: string): string {
  const secrets = Object.entries(options.headers).flatMap(([name, value]) => (openHeaders.test(name) ? [] : [value]))
  const values = [...secrets, ...Object.values(options.secrets), options.sign?.secret ?? ''].flatMap((value) => [
    value,
    ...value.split(/[\s=,]+/),
  ])
  return values
    .filter((value) => value.length >= secretLength)
    .reduce((shown, value) => shown.replaceAll(value, '(secret)'), text)
}

function unreachable(error: unknown, options: ClientOptions, method: string, url: URL): unknown {
  if (isChangeoverError(error) || !(error instanceof Error)) return error
  const cause = error.cause as { code?: string; message?: string } | undefined
  const why =
    error instanceof Timeout ? `no answer in ${options.timeoutMs} ms` : (cause?.code ?? cause?.message ?? error.message)
  return new ChangeoverError(
    'target.unreachable',
    `${method} "${url.origin}${url.pathname}" failed: ${hide(options, why)}`,
    'see that the service runs and the url of the target is right',
  )
}

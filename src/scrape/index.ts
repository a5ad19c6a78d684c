/** One bounded request for text over HTTP, with the credentials cut out of whatever comes back. Knows no metric. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'

export interface ScrapeOptions {
  readonly url: URL
  /** Sent as they are; every value but those of `accept` and `content-type` is a secret. */
  readonly headers: { readonly [name: string]: string }
  /** A form to post; without one the text is fetched. */
  readonly form?: { readonly [name: string]: string }
  /** Until the whole answer is there, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface Scraped {
  readonly status: number
  /** The content type. */
  readonly type: string
  readonly text: string
}

const mostBytes = 64 * 1024 * 1024

/** Throws `target.unreachable` where there is no answer in time, or one that points elsewhere: to follow it could carry credentials there. */
export async function scrape(options: ScrapeOptions): Promise<Scraped> {
  options.signal.throwIfAborted()
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)])
  try {
    const response = await fetch(options.url, {
      redirect: 'manual',
      signal,
      headers: options.headers,
      ...(options.form ? { method: 'POST', body: new URLSearchParams(options.form) } : {}),
    })
    const text = await textOf(response, options)
    const to = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && to !== null) throw redirected(options, response.status, to)
    return { status: response.status, type: response.headers.get('content-type') ?? '', text: hide(options, text) }
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason
    if (isChangeoverError(error)) throw error
    throw unreachable(options, signal.aborted ? `no answer in ${options.timeoutMs} ms` : whyOf(error))
  }
}

/** A url whose password stands in a header instead. Throws `plan.invalid` where it does not. */
export function openUrl(text: string, adapter: string): URL {
  const url = new URL(text)
  if (url.username === '' && url.password === '') return url
  throw new ChangeoverError(
    'plan.invalid',
    `the url of the ${adapter} target "${url.host}" holds a password`,
    'give it as a header: authorization: "Basic ${CREDENTIALS}"',
  )
}

async function textOf(response: Response, options: ScrapeOptions): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > mostBytes) throw unreachable(options, `more than ${mostBytes} bytes came`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function hide(options: ScrapeOptions, text: string): string {
  return Object.entries(options.headers)
    .flatMap(([name, value]) => (/^(accept|content-type)$/i.test(name) ? [] : [value, ...value.split(/[\s=,]+/)]))
    .filter((value) => value.length >= 8)
    .reduce((shown, value) => shown.replaceAll(value, '(secret)'), text)
}

function whyOf(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error))
}

/** What stands behind the `?` of an address may be a secret. */
function redirected(options: ScrapeOptions, status: number, to: string): ChangeoverError {
  const { url } = options
  const place = URL.canParse(to, url.href) ? new URL(to, url) : undefined
  const where = place === undefined ? to : `${place.origin}${place.pathname}`
  return new ChangeoverError(
    'target.unreachable',
    `"${url.origin}${url.pathname}" does not answer itself, it redirects to "${hide(options, where)}": status ${status}`,
    'give the url that answers; a page to log in at means that the headers of the target hold no valid credentials',
  )
}

function unreachable(options: ScrapeOptions, why: string): ChangeoverError {
  const { url } = options
  return new ChangeoverError(
    'target.unreachable',
    `"${url.origin}${url.pathname}" does not answer: ${hide(options, why)}`,
    'see that it runs and the url of the target is right',
  )
}

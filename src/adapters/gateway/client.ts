/** Calls of the gateway's control API: with the token and the claim of this run, and errors as the gateway worded them. */
import { ChangeoverError, type ErrorCode, errorCodes } from '../../core/errors.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { Opener } from '../../core/kind.ts'

export interface ClientOptions {
  readonly url: string
  readonly token: string
  readonly timeoutMs: number
}

export type Call = <T>(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: Json) => Promise<T>

/** Throws `target.unreachable` where no gateway answers, and what the gateway itself says is wrong. */
export function openClient({ url, token, timeoutMs }: ClientOptions, who: Opener): Call {
  const base = url.replace(/\/$/, '')
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'x-changeover-run': encodeURIComponent(who.run),
    'x-changeover-claim': String(who.fence),
  }
  return async <T>(method: string, path: string, body?: Json): Promise<T> => {
    who.signal.throwIfAborted()
    const signal = AbortSignal.any([who.signal, AbortSignal.timeout(timeoutMs)])
    try {
      const text = body === undefined ? {} : { body: JSON.stringify(body) }
      const answer = await fetch(`${base}/v1/${path}`, { method, headers, signal, redirect: 'error', ...text })
      const told = (await answer.json()) as Json
      if (answer.ok) return told as T
      throw refusal(told, answer.status, base)
    } catch (error) {
      if (who.signal.aborted) throw who.signal.reason
      throw error instanceof ChangeoverError ? error : unreachable(error, method, `${base}/v1/${path}`, timeoutMs)
    }
  }
}

function refusal(told: Json, status: number, base: string): ChangeoverError {
  const { code, message, help } = isObject(told) ? told : {}
  if (typeof code === 'string' && code in errorCodes && typeof message === 'string' && typeof help === 'string')
    return new ChangeoverError(code as ErrorCode, message, help)
  return new ChangeoverError(
    'target.failed',
    `"${base}" answered ${status}`,
    'see that the url is the control address of a gateway',
  )
}

function unreachable(error: unknown, method: string, url: string, timeoutMs: number): ChangeoverError {
  const { name, message, cause } = error as Error & { readonly cause?: { readonly code?: string } }
  const why = name === 'TimeoutError' ? `no answer in ${timeoutMs} ms` : (cause?.code ?? message)
  return new ChangeoverError(
    'target.unreachable',
    `${method} "${url}" failed: ${why}`,
    'see that the gateway runs, and that the url is its control address',
    { cause: error },
  )
}

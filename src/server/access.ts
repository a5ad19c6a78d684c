/** Who asks, by bearer or X-API-Key, and how often they may. Holds digests of the tokens, and never shows one. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { matchesAny } from '../core/glob.ts'

/** A program that may ask. */
export interface Caller {
  readonly name: string
  /** The token itself, or its SHA-256 in hexadecimal, by which it is known as well. */
  readonly token: string | { readonly sha256: string }
  /** Globs of the flags it may ask for; all where there are none. */
  readonly flags?: readonly string[]
  /** Refuses its contexts without a targetingKey. */
  readonly needsKey?: boolean
}

export interface Known {
  readonly name: string
  readonly needsKey: boolean
  mayAsk(flag: string): boolean
  /** What opens the event stream in the place of a header, which a browser cannot send there. The same on every server that knows the token. */
  readonly streamKey: string | undefined
}

export interface Access {
  /** Undefined: 401. */
  caller(headers: IncomingHttpHeaders): Known | undefined
  callerOfStream(key: string): Known | undefined
}

const anybody: Known = { name: 'anybody', needsKey: false, mayAsk: () => true, streamKey: undefined }

/** Without callers, anybody may ask. */
export function openAccess(callers: readonly Caller[]): Access {
  if (callers.length === 0) return { caller: () => anybody, callerOfStream: () => anybody }
  const known = callers.map(({ name, token, flags, needsKey = false }) => {
    const digest = typeof token === 'string' ? digestOf(token) : Buffer.from(token.sha256, 'hex')
    return {
      digest,
      name,
      needsKey,
      mayAsk: (flag: string) => flags === undefined || matchesAny(flag, flags),
      streamKey: createHmac('sha256', digest).update('changeover event stream').digest('hex').slice(0, 32),
    }
  })
  const streams = known.map((each) => ({ digest: digestOf(each.streamKey), caller: each }))
  return {
    caller: (headers) => {
      const token = tokenIn(headers)
      return token === undefined ? undefined : found(known, token)
    },
    callerOfStream: (key) => found(streams, key)?.caller,
  }
}

/** Compares every one, in the same time: how long it takes tells nothing. */
function found<T extends { readonly digest: Buffer }>(all: readonly T[], word: string): T | undefined {
  const digest = digestOf(word)
  return all.filter((each) => timingSafeEqual(each.digest, digest))[0]
}

function digestOf(word: string): Buffer {
  return createHash('sha256').update(word).digest()
}

function tokenIn(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['x-api-key']
  if (typeof key === 'string' && key !== '') return key
  return /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}

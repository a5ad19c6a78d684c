/** Whether a bulk answer may be 304: the whole body is the one the client has, and the flags are as new as the client knows them to be. */
import { createHash } from 'node:crypto'
import type { Served } from '../flags/index.ts'

/** A strong ETag over every byte of the body, so that another context can never be answered from it. */
export function etagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`
}

/** RFC 9110, 13.1.2: weak comparison, `*` is any. */
export function hasBody(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === etag)
}

/** What a client says it heard of, by the query of its request. */
export interface Heard {
  readonly etag: string | null
  readonly lastModified: string | null
}

export function heardOf(query: URLSearchParams): Heard {
  return { etag: query.get('flagConfigEtag'), lastModified: query.get('flagConfigLastModified') }
}

/** False: the client heard of flags that are not the ones here, and a 304 would tell it that it has them. */
export function isAsNew(served: Served, heard: Heard): boolean {
  if (heard.etag !== null) return heard.etag === served.version
  return heard.lastModified === null || secondsOf(heard.lastModified) <= Math.floor(served.at / 1000)
}

/** Seconds since 1970, or a date as text; what is neither is newer than anything. */
function secondsOf(given: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(given) ? Number(given) : Date.parse(given) / 1000
  return Number.isNaN(seconds) ? Infinity : Math.floor(seconds)
}

/** What OFREP 0.3.0 answers for an evaluation, from one resolution or from all. Pure; knows no HTTP beyond statuses. */
import { isObject, type Json, type JsonObject } from '../core/index.ts'
import type { FlagContext, Flags, Resolution } from '../flags/index.ts'

export type OfrepError = 'PARSE_ERROR' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'GENERAL' | 'FLAG_NOT_FOUND'

export interface Answered {
  readonly status: number
  readonly body: JsonObject
}

export interface EventStream {
  readonly type: 'sse'
  readonly endpoint: { readonly requestUri: string }
  /** How long a client that nobody looks at keeps the stream, in seconds. */
  readonly inactivityDelaySec: number
}

/** What a body asks with, or why it cannot be asked with. */
export type Asking = { readonly context: FlagContext } | { readonly refusal: Answered }

/** The context of a request's body. No context, or no body, is the context of nobody. */
export function askingOf(body: string, key: string | undefined, needsKey: boolean): Asking {
  const refuse = (code: OfrepError, details: string) => ({ refusal: failed(400, key, code, details) })
  const read = body.trim() === '' ? {} : parsed(body)
  if (!isObject(read)) return refuse('INVALID_CONTEXT', 'the body is not {"context": {…}} in JSON')
  const context = read['context'] ?? {}
  if (!isObject(context)) return refuse('INVALID_CONTEXT', 'the context is not an object')
  const { targetingKey } = context
  if (targetingKey !== undefined && targetingKey !== null && typeof targetingKey !== 'string')
    return refuse('INVALID_CONTEXT', 'the targetingKey is not a text')
  if (needsKey && (targetingKey ?? '') === '') return refuse('TARGETING_KEY_MISSING', 'the context has no targetingKey')
  return { context }
}

export function answerOne(flags: Flags, key: string, context: FlagContext): Answered {
  const resolution = flags.resolve(key, context)
  const { errorCode } = resolution
  if (errorCode === undefined) return { status: 200, body: success(resolution) }
  return { status: errorCode === 'FLAG_NOT_FOUND' ? 404 : 400, body: failure(resolution) }
}

/** Every flag that `mayAsk`, each with its answer or its error. */
export function answerAll(
  flags: Flags,
  context: FlagContext,
  mayAsk: (key: string) => boolean,
  eventStreams: readonly EventStream[],
): JsonObject {
  const asked = flags.all(context).filter(({ key }) => mayAsk(key))
  return {
    flags: asked.map((each) => (each.errorCode === undefined ? success(each) : failure(each))),
    metadata: flags.metadata,
    ...(eventStreams.length === 0 ? {} : { eventStreams: eventStreams.map((each) => ({ ...each })) }),
  }
}

export function failed(status: number, key: string | undefined, code: OfrepError, details: string): Answered {
  return { status, body: { ...(key === undefined ? {} : { key }), errorCode: code, errorDetails: details } }
}

/** Without `value`: the program's own fallback holds. */
function success({ key, reason, variant, value, metadata }: Resolution): JsonObject {
  return {
    key,
    reason,
    ...(variant === undefined ? {} : { variant }),
    ...(value === undefined ? {} : { value }),
    metadata,
  }
}

/** The reason in an answer; an error is one too. */
export function reasonIn(body: JsonObject): string {
  return typeof body['reason'] === 'string' ? body['reason'] : 'ERROR'
}

/** OFREP has no word for a wrong type, and nobody asks for one there. */
function failure({ key, errorCode, errorMessage }: Resolution): JsonObject {
  const known = errorCode === 'FLAG_NOT_FOUND' || errorCode === 'PARSE_ERROR'
  return { key, errorCode: known ? errorCode : 'GENERAL', errorDetails: errorMessage ?? '' }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

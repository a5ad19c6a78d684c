import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { flagFile } from '../adapters/flag-file/index.ts'
import type { Json, JsonObject, Target } from '../core/index.ts'
import { newFlag, withRollout } from '../flags/index.ts'
import { type FlagSource, openFlagSource, type OfrepOptions, type OfrepServer, startOfrep } from './index.ts'

const share = newFlag({ enabled: true, percent: 30, allow: ['ann'], deny: ['eve'] }) as unknown as JsonObject
const flags: JsonObject = {
  share,
  colour: {
    state: 'ENABLED',
    variants: { red: 'red', blue: 'blue' },
    defaultVariant: 'red',
    metadata: { owner: 'web' },
  },
  off: { state: 'DISABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
  fallback: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: null },
  'deep/ünï key': { state: 'ENABLED', variants: { a: { x: [1] } }, defaultVariant: 'a' },
  broken: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on', targeting: { if: [true, 'none'] } },
}
const document: JsonObject = { metadata: { flagSetId: 'shop' }, flags }
const clock = { now: () => Date.now(), sleep: async () => undefined }

let folder: string
let stop: AbortController
let store: Target<'flags'>
let source: FlagSource
let troubles: (string | undefined)[]
const servers: OfrepServer[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'changeover-ofrep-'))
  writeFileSync(join(folder, 'flags.json'), JSON.stringify(document))
  stop = new AbortController()
  troubles = []
  store = await flagFile.open({ path: 'flags.json' }, { run: 'r', fence: 0, base: folder, signal: stop.signal })
  const troubled = (problem: string | undefined) => void troubles.push(problem)
  source = await openFlagSource(store.read, { clock, signal: stop.signal, troubled })
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  stop.abort()
  rmSync(folder, { recursive: true, force: true })
})

async function start(options: Partial<OfrepOptions> = {}): Promise<string> {
  const server = await startOfrep({ source, clock, ...options })
  servers.push(server)
  return server.url
}

const one = '/ofrep/v1/evaluate/flags/'
const bulk = '/ofrep/v1/evaluate/flags'

function post(url: string, context: Json | undefined, headers: Record<string, string> = {}): Promise<Response> {
  const body = context === undefined ? '' : JSON.stringify({ context })
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body,
  })
}

async function put(changes: Record<string, JsonObject | null>): Promise<string> {
  const { version } = await store.read.read()
  return store.write.change(changes, version, { by: 'ann', why: 'a trial' })
}

async function until(so: () => boolean): Promise<void> {
  while (!so()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('one flag', () => {
  it.each([
    ['share', { targetingKey: 'ann' }, 200, { reason: 'TARGETING_MATCH', variant: 'on', value: true }],
    ['share', { targetingKey: 'eve' }, 200, { reason: 'TARGETING_MATCH', variant: 'off', value: false }],
    [
      'colour',
      {},
      200,
      { reason: 'STATIC', variant: 'red', value: 'red', metadata: { flagSetId: 'shop', owner: 'web' } },
    ],
    ['off', {}, 200, { reason: 'DISABLED' }],
    ['fallback', {}, 200, { reason: 'DEFAULT' }],
    ['deep/ünï key', {}, 200, { reason: 'STATIC', variant: 'a', value: { x: [1] } }],
    ['broken', {}, 400, { errorCode: 'GENERAL', errorDetails: 'flag "broken" has no variant "none"' }],
    ['absent', {}, 404, { errorCode: 'FLAG_NOT_FOUND', errorDetails: 'flag "absent" not found' }],
    ['absent', undefined, 404, { errorCode: 'FLAG_NOT_FOUND' }],
    ['colour', { targetingKey: 7 }, 400, { errorCode: 'INVALID_CONTEXT' }],
    ['colour', ['a'], 400, { errorCode: 'INVALID_CONTEXT' }],
    ['colour', { refusal: { status: 1, body: {} } }, 200, { reason: 'STATIC', variant: 'red', value: 'red' }],
  ])('%s for %j is %i', async (key, context, status, body) => {
    const answer = await post((await start()) + one + encodeURIComponent(key), context)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/json')
    const metadata = status === 200 ? { metadata: expect.anything() } : { errorDetails: expect.anything() }
    const value = (await answer.json()) as JsonObject
    expect(value).toEqual({ key, ...metadata, ...body })
  })

  it('takes no bad body', async () => {
    const url = `${await start()}${one}colour`
    const type = { 'content-type': 'application/json' }
    for (const body of ['{', '[]', '"x"', 'null']) {
      const answer = await fetch(url, { method: 'POST', headers: type, body })
      expect([answer.status, await answer.json()]).toEqual([
        400,
        { key: 'colour', errorCode: 'INVALID_CONTEXT', errorDetails: expect.any(String) },
      ])
    }
    const wants = `${await start({ needsKey: true })}${one}colour`
    expect(await (await post(wants, {})).json()).toMatchObject({ key: 'colour', errorCode: 'TARGETING_KEY_MISSING' })
    expect((await post(wants, { targetingKey: 'a' })).status).toBe(200)
  })
})

describe('the door', () => {
  it('refuses methods, paths, types and sizes', async () => {
    const url = await start({ mostBytes: 1000 })
    const status = async (path: string, init: RequestInit): Promise<readonly unknown[]> => {
      const answer = await fetch(url + path, init)
      await answer.text()
      return [answer.status, answer.headers.get('allow')]
    }
    expect(await status(bulk, { method: 'GET' })).toEqual([405, 'POST, OPTIONS'])
    expect(await status(`${one}colour`, { method: 'HEAD' })).toEqual([405, 'POST, OPTIONS'])
    expect(await status('/ofrep/v1/events', { method: 'POST' })).toEqual([405, 'GET, HEAD, OPTIONS'])
    expect(await status('/metrics', { method: 'HEAD' })).toEqual([200, null])
    expect(await status('/ofrep/v1', { method: 'POST' })).toEqual([404, null])
    expect(await status(one, { method: 'POST' })).toEqual([404, null])
    for (const type of ['text/plain', 'application/json; charset=latin1', 'application/x-www-form-urlencoded'])
      expect(await status(bulk, { method: 'POST', body: '{}', headers: { 'content-type': type } })).toEqual([415, null])
    for (const size of [1000, 1001, 12_000, 100_000]) {
      const body = JSON.stringify({ context: { x: 'x'.repeat(size - 20) } })
      const headers = { 'content-type': 'application/json' }
      expect(await status(bulk, { method: 'POST', body, headers })).toEqual([size > 1000 ? 413 : 200, null])
    }
  })

  it('knows its callers, and what each may ask', async () => {
    const url = await start({
      callers: [
        { name: 'web', token: 'secret-1', flags: ['colour', 'deep/**'] },
        { name: 'all', token: 'secret-2' },
      ],
    })
    const tried = async (path: string, headers: Record<string, string>): Promise<readonly unknown[]> => {
      const answer = await post(url + path, {}, headers)
      const text = await answer.text()
      return answer.ok ? [200] : [answer.status, text]
    }
    expect(await tried(bulk, {})).toEqual([401, ''])
    expect(await tried(bulk, { authorization: 'Bearer wrong' })).toEqual([401, ''])
    expect(await tried(bulk, { authorization: 'Basic secret-1' })).toEqual([401, ''])
    expect(await tried(`${one}colour`, { authorization: 'bearer secret-1' })).toEqual([200])
    expect(await tried(`${one}share`, { 'x-api-key': 'secret-1' })).toEqual([403, ''])
    expect(await tried(`${one}absent`, { 'x-api-key': 'secret-1' })).toEqual([403, ''])
    expect(await tried(`${one}share`, { 'x-api-key': 'secret-2' })).toEqual([200])
    const part = (await (await post(url + bulk, {}, { 'x-api-key': 'secret-1' })).json()) as {
      flags: { key: string }[]
    }
    expect(part.flags.map(({ key }) => key)).toEqual(['colour', 'deep/ünï key'])
    expect((await fetch(`${url}/ofrep/v1/events`)).status).toBe(401)
    expect((await fetch(`${url}/ofrep/v1/events?key=wrong`)).status).toBe(401)
    expect(JSON.stringify(part)).not.toContain('secret')
  })

  it('lets each caller ask so often, and says in whole seconds when again', async () => {
    let now = 0
    const rate = { perSecond: 0.5, burst: 2 }
    const callers = ['a', 'b'].map((name) => ({ name, token: name }))
    const url = await start({ rate, callers, clock: { ...clock, now: () => now } })
    const ask = async (token: string): Promise<readonly unknown[]> => {
      const answer = await post(url + bulk, {}, { 'x-api-key': token })
      return [answer.status, answer.headers.get('retry-after'), answer.status === 429 ? await answer.text() : '']
    }
    expect([await ask('a'), await ask('a'), await ask('a'), await ask('b')]).toEqual([
      [200, null, ''],
      [200, null, ''],
      [429, '2', ''],
      [200, null, ''],
    ])
    now = 1_500
    expect(await ask('a')).toEqual([429, '1', ''])
    now = 2_000
    expect(await ask('a')).toEqual([200, null, ''])
    // Guessing is counted too.
    expect([await ask('guess 1'), await ask('guess 2'), await ask('guess 3')].map(([status]) => status)).toEqual([
      401, 401, 429,
    ])
  })

  it('lets pages of named origins ask', async () => {
    const url = await start({ origins: ['https://shop.example'] })
    const preflight = async (origin: string) => fetch(url + bulk, { method: 'OPTIONS', headers: { origin } })
    const [ours, other] = [await preflight('https://shop.example'), await preflight('https://evil.example')]
    expect([ours.status, ours.headers.get('access-control-allow-origin')]).toEqual([204, 'https://shop.example'])
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('counts, without naming flags or users', async () => {
    const url = await start()
    await post(url + bulk, { targetingKey: 'ann' })
    await post(`${url}${one}absent`, {})
    const text = await (await fetch(`${url}/metrics`)).text()
    expect(text).toContain('changeover_ofrep_requests_total{to="all",status="200"} 1\n')
    expect(text).toContain('changeover_ofrep_evaluations_total{reason="ERROR"} 2\n')
    expect(text).toContain('changeover_flags 6\n')
    expect(text).not.toMatch(/"ann|absent|colour/)
  })
})

describe('all flags', () => {
  it('answers each, errors among them, with an ETag over the whole body', async () => {
    const url = (await start()) + bulk
    const answer = await post(url, { targetingKey: 'ann' })
    const body = (await answer.json()) as { flags: JsonObject[] }
    expect(body).toMatchObject({
      metadata: { flagSetId: 'shop' },
      eventStreams: [{ type: 'sse', endpoint: { requestUri: '/ofrep/v1/events' }, inactivityDelaySec: 120 }],
    })
    expect(body.flags.map(({ key, reason, errorCode }) => [key, reason ?? errorCode])).toEqual([
      ['share', 'TARGETING_MATCH'],
      ['colour', 'STATIC'],
      ['off', 'DISABLED'],
      ['fallback', 'DEFAULT'],
      ['deep/ünï key', 'STATIC'],
      ['broken', 'GENERAL'],
    ])
    const etag = answer.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]{43}"$/)
    for (const match of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await post(url, { targetingKey: 'ann' }, { 'if-none-match': match })
      expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, etag, ''])
    }
    expect((await post(url, { targetingKey: 'eve' }, { 'if-none-match': etag })).status).toBe(200)
    expect((await post(url, 'x')).status).toBe(400)
  })

  it('is never 304 for a client that heard of other flags', async () => {
    const url = (await start()) + bulk
    const etag = (await post(url, {})).headers.get('etag') ?? ''
    const { version, at } = source.current()
    const status = async (query: string) => (await post(`${url}?${query}`, {}, { 'if-none-match': etag })).status
    expect(await status(`flagConfigEtag=${version}`)).toBe(304)
    expect(await status('flagConfigEtag=other')).toBe(200)
    const seconds = Math.floor(at / 1000)
    expect(await status(`flagConfigLastModified=${seconds}`)).toBe(304)
    expect(await status(`flagConfigLastModified=${seconds + 1}`)).toBe(200)
    expect(await status(`flagConfigLastModified=${new Date(at + 5000).toISOString()}`)).toBe(200)
    expect(await status('flagConfigLastModified=soon')).toBe(200)
  })

  it('looks at the store first when a client has heard of more than it', async () => {
    const late = await openFlagSource({ ...store.read, watch: async () => undefined }, { clock, signal: stop.signal })
    const url = (await start({ source: late })) + bulk
    const version = await put({ colour: { ...(flags['colour'] as JsonObject), defaultVariant: 'blue' } })
    const asked = async (query: string) => (await (await post(`${url}?${query}`, {})).text()).includes('"value":"blue"')
    expect(await asked('')).toBe(false)
    expect(await asked(`flagConfigEtag=${version}`)).toBe(true)
  })
})

interface Heard {
  readonly text: string
  stop(): void
}

async function listen(url: string, headers: Record<string, string> = {}): Promise<Heard> {
  const end = new AbortController()
  const answer = await fetch(url, { headers, signal: end.signal })
  const heard = { text: '', stop: () => end.abort() }
  void (async () => {
    const decoder = new TextDecoder()
    for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>)
      heard.text += decoder.decode(part, { stream: true })
  })().catch(() => undefined)
  return heard
}

describe('event streams', () => {
  it('tell of each change, with an id to come back with', async () => {
    const url = `${await start({ beatMs: 20 })}/ofrep/v1/events`
    const first = source.current().version
    const heard = await listen(url)
    await until(() => heard.text.includes(`id: ${first}\n\n`))
    const second = await put({ off: null })
    await until(() => heard.text.includes(`id: ${second}\n`))
    const data = /event: message\nid: \S+\ndata: (.*)\n\n/.exec(heard.text)?.[1] ?? ''
    expect(JSON.parse(data)).toEqual({ type: 'refetchEvaluation', etag: second, lastModified: expect.any(Number) })
    await until(() => heard.text.includes('\n:\n\n'))
    heard.stop()
    const third = await put({ off: flags['off'] as JsonObject })
    await until(() => source.current().version === third)
    const eventsAfter = async (id: string) => {
      const back = await listen(url, { 'last-event-id': id })
      await until(() => back.text.includes(':\n\n'))
      back.stop()
      return [...back.text.matchAll(/event: message\nid: (\S+)/g)].map((match) => match[1])
    }
    expect(await eventsAfter(first)).toEqual([second, third])
    expect(await eventsAfter(second)).toEqual([third])
    expect(await eventsAfter(third)).toEqual([])
    expect(await eventsAfter('of-a-server-before')).toEqual([third])
  })

  it('open by a key that the bulk answer hands out, where tokens are asked for', async () => {
    const url = await start({ callers: [{ name: 'web', token: 'secret' }] })
    const body = (await (await post(url + bulk, {}, { 'x-api-key': 'secret' })).json()) as {
      eventStreams: { endpoint: { requestUri: string } }[]
    }
    const heard = await listen(url + (body.eventStreams[0]?.endpoint.requestUri ?? ''))
    await until(() => heard.text.includes('id: '))
    heard.stop()
  })
})

describe('a store that breaks', () => {
  it('leaves the last good flags in service, says once what is wrong, and comes back', async () => {
    const url = await start()
    const path = join(folder, 'flags.json')
    writeFileSync(path, '{"flags": {\n  "colour": }}')
    await until(() => source.problem() !== undefined)
    expect(source.problem()).toBe('flag file "flags.json" cannot be read at line 2, column 13: value expected')
    await source.refresh()
    await source.refresh()
    expect(troubles).toHaveLength(1)
    expect(await (await post(`${url}${one}colour`, {})).json()).toMatchObject({ value: 'red' })
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('changeover_flag_store_troubled 1\n')
    rmSync(path)
    await until(() => (source.problem() ?? '').startsWith('there is no flag file'))
    const next = withRollout(share as never, { enabled: true, percent: 100, allow: [], deny: [] })
    writeFileSync(path, JSON.stringify({ flags: { share: next } }))
    await until(() => source.problem() === undefined)
    expect(troubles).toHaveLength(3)
    expect(await (await post(`${url}${one}share`, { targetingKey: 'eve' })).json()).toMatchObject({ value: true })
  })

  it('does not begin without flags', async () => {
    writeFileSync(join(folder, 'flags.json'), '{')
    await expect(openFlagSource(store.read, { clock, signal: stop.signal })).rejects.toMatchObject({
      code: 'flags.invalid',
    })
  })
})

/** The official clients of OpenFeature against our server and our file: what they say is what our evaluation says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FlagdProvider } from '@openfeature/flagd-provider'
import { OFREPProvider } from '@openfeature/ofrep-provider'
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature, ProviderEvents as ServerEvents } from '@openfeature/server-sdk'
import { OpenFeature as OpenFeatureWeb, type Provider } from '@openfeature/web-sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { flagFile } from '../adapters/flag-file/index.ts'
import type { JsonObject, Target } from '../core/index.ts'
import { newFlag } from '../flags/index.ts'
import { type OfrepServer, openFlagSource, startOfrep } from './index.ts'

const share = (percent: number) =>
  newFlag({ enabled: true, percent, allow: ['ann'], deny: ['eve'] }) as unknown as JsonObject
const flags: JsonObject = {
  share: share(30),
  colour: {
    state: 'ENABLED',
    variants: { red: 'red', blue: 'blue' },
    defaultVariant: 'red',
    metadata: { owner: 'web' },
  },
  size: { state: 'ENABLED', variants: { s: 1, l: 2.5 }, defaultVariant: 'l' },
  theme: { state: 'ENABLED', variants: { a: { dark: true } }, defaultVariant: 'a' },
  off: { state: 'DISABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
}
const users = Array.from({ length: 40 }, (_, at) => `user-${at}`)
const clock = { now: () => Date.now(), sleep: async () => undefined }
const token = 'of-the-shop'

let folder: string
let stop: AbortController
let store: Target<'flags'>
let server: OfrepServer
let ours: (user: string) => boolean

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'changeover-clients-'))
  writeFileSync(join(folder, 'flags.json'), JSON.stringify({ flags }))
  stop = new AbortController()
  store = await flagFile.open({ path: 'flags.json' }, { run: 'r', fence: 0, base: folder, signal: stop.signal })
  const source = await openFlagSource(store.read, { clock, signal: stop.signal })
  server = await startOfrep({ source, clock, callers: [{ name: 'shop', token }] })
  ours = (targetingKey) => source.current().flags.boolean('share', false, { targetingKey })
})
afterEach(async () => {
  await OpenFeature.clearProviders()
  await OpenFeatureWeb.clearProviders()
  await server.close()
  stop.abort()
  rmSync(folder, { recursive: true, force: true })
})

async function put(changes: { readonly [flag: string]: JsonObject }): Promise<void> {
  const { version } = await store.read.read()
  await store.write.change(changes, version, { by: 'ann', why: 'a trial' })
}

async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await so())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe('@openfeature/ofrep-provider', () => {
  it('evaluates every type, errors and refusals', async () => {
    const headers: [string, string][] = [['authorization', `Bearer ${token}`]]
    await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: server.url, headers }))
    const client = OpenFeature.getClient()
    for (const targetingKey of [...users, 'ann', 'eve'])
      expect(await client.getBooleanValue('share', false, { targetingKey })).toBe(ours(targetingKey))
    expect(await client.getStringDetails('colour', 'none', {})).toMatchObject({
      value: 'red',
      variant: 'red',
      reason: 'STATIC',
      flagMetadata: { owner: 'web' },
    })
    expect(await client.getNumberValue('size', 0, {})).toBe(2.5)
    expect(await client.getObjectValue('theme', {}, {})).toEqual({ dark: true })
    expect(await client.getBooleanValue('off', false, {})).toBe(false)
    expect(await client.getBooleanDetails('absent', true, {})).toMatchObject({
      value: true,
      errorCode: 'FLAG_NOT_FOUND',
    })
    await put({ share: share(100) })
    await until(async () => client.getBooleanValue('share', false, { targetingKey: 'user-1' }))
    await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: server.url }))
    expect(await client.getBooleanDetails('share', true, {})).toMatchObject({ value: true, reason: 'ERROR' })
  })
})

/** What a browser has: comes back by itself, with the id it saw last. */
class Stream extends EventTarget {
  readyState = 0
  private readonly end = new AbortController()
  private lastId = ''
  private readonly url: string
  constructor(url: string) {
    super()
    this.url = url
    void this.run()
  }
  close(): void {
    this.readyState = 2
    this.end.abort()
  }
  private async run(): Promise<void> {
    try {
      const answer = await fetch(this.url, { signal: this.end.signal, headers: { 'last-event-id': this.lastId } })
      if (answer.status !== 200 || !answer.body) throw new Error(String(answer.status))
      this.readyState = 1
      this.dispatchEvent(new Event('open'))
      let text = ''
      for await (const part of answer.body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
        text += part
        for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
          this.take(text.slice(0, at))
          text = text.slice(at + 2)
        }
      }
    } catch {
      this.readyState = 2
      this.dispatchEvent(new Event('error'))
    }
  }
  private take(block: string): void {
    this.lastId = /^id: (.*)$/m.exec(block)?.[1] ?? this.lastId
    const data = /^data: (.*)$/m.exec(block)?.[1]
    if (data !== undefined) this.dispatchEvent(new MessageEvent('message', { data, lastEventId: this.lastId }))
  }
}

describe('@openfeature/ofrep-web-provider', () => {
  it('evaluates all flags of its context, and hears of a change by the event stream', async () => {
    Object.assign(globalThis, { EventSource: Stream })
    const asked: string[] = []
    const fetchImplementation: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init)
      asked.push(
        `${answer.status} ${new URL(input instanceof Request ? input.url : String(input)).search.slice(0, 16)}`,
      )
      return answer
    }
    const provider = new OFREPWebProvider({
      baseUrl: server.url,
      headers: [['X-API-Key', token]],
      cacheMode: 'disabled',
      fetchImplementation,
    })
    await OpenFeatureWeb.setContext({ targetingKey: 'user-1' })
    await OpenFeatureWeb.setProviderAndWait(provider as Provider)
    const client = OpenFeatureWeb.getClient()
    expect(client.getBooleanValue('share', false)).toBe(ours('user-1'))
    expect(client.getStringDetails('colour', 'none')).toMatchObject({ value: 'red', variant: 'red', reason: 'STATIC' })
    expect(client.getObjectValue('theme', {})).toEqual({ dark: true })
    for (const targetingKey of users.slice(0, 10)) {
      await OpenFeatureWeb.setContext({ targetingKey })
      expect(client.getBooleanValue('share', false)).toBe(ours(targetingKey))
    }
    expect(asked.every((each) => each === '200 ')).toBe(true)
    await put({ colour: { ...(flags['colour'] as JsonObject), defaultVariant: 'blue' } })
    await until(() => client.getStringValue('colour', 'none') === 'blue')
    expect(asked.at(-1)).toBe('200 ?flagConfigEtag=')
    Reflect.deleteProperty(globalThis, 'EventSource')
  })
})

describe('@openfeature/flagd-provider', () => {
  it('reads the very file, and follows it', async () => {
    const provider = new FlagdProvider({
      resolverType: 'in-process',
      offlineFlagSourcePath: join(folder, 'flags.json'),
    })
    await OpenFeature.setProviderAndWait(provider)
    const client = OpenFeature.getClient()
    for (const targetingKey of [...users, 'ann', 'eve'])
      expect(await client.getBooleanValue('share', false, { targetingKey })).toBe(ours(targetingKey))
    expect(await client.getStringValue('colour', 'none', {})).toBe('red')
    const changed = new Promise<void>((resolve) =>
      client.addHandler(ServerEvents.ConfigurationChanged, () => resolve()),
    )
    await put({ share: share(100) })
    await changed
    expect(await client.getBooleanValue('share', false, { targetingKey: 'user-1' })).toBe(true)
  })
})

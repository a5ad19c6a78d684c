/** The adapter `http`: the http port on an API, by fetch. Holds the credentials, and lets none of them out again. */
import { setMaxListeners } from 'node:events'
import { z } from 'zod'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import { openUrl } from '../../scrape/index.ts'
import { openClient } from './client.ts'

const config = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('Every path of the plan is below this address.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every request; never shown.'),
  secrets: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/), z.string())
    .default({})
    .describe('What `{{NAME}}` in a body stands for; never shown.'),
  timeoutMs: z.int().min(1).default(10_000).describe('Until the whole answer is there, in milliseconds.'),
  sign: z
    .strictObject({
      secret: z.string().min(16),
      header: z.string().default('x-signature-256'),
    })
    .optional()
    .describe('Signs each body: the header gets "sha256=" and the HMAC-SHA-256 of the body in hex.'),
})

export type HttpConfig = z.input<typeof config>

export const http = defineAdapter({
  name: 'http',
  port: 'http',
  summary: 'An HTTP API, with its credentials.',
  ...withDefaults(config, openTarget),
  example: { url: 'https://api.example.com/v1', headers: { authorization: 'Bearer ${API_TOKEN}' } },
  tools: {},
})

async function openTarget(settings: z.output<typeof config>, who: Opener): Promise<Target<'http'>> {
  const base = openUrl(settings.url, 'http')
  // Every request under way listens to it: that is no leak.
  setMaxListeners(0, who.signal)
  const client = openClient({
    base,
    headers: settings.headers,
    secrets: settings.secrets,
    timeoutMs: settings.timeoutMs,
    sign: settings.sign,
    signal: who.signal,
  })
  return {
    identity: async () => `http:${base.origin}${base.pathname.replace(/\/$/, '')}`,
    observe: async () => ({}),
    read: client,
    write: client,
    // The API has no session of ours to end; the requests carry keys that make them harmless when repeated.
    fence: async () => undefined,
    close: async () => undefined,
  }
}

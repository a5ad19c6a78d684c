/**
 * One user, one side: the evaluator of flags, what the OFREP server answers and the Lua file that HAProxy loads, over 1,000,000 keys of which a third are not ASCII.
 * Nobody who is in falls out while the percentage grows. `CHANGEOVER_KEYS=n` takes other than 1,000,000.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { haproxy } from '../../src/adapters/haproxy/index.ts'
import type { FlagReader, JsonObject } from '../../src/core/index.ts'
import type { Target } from '../../src/core/kind.ts'
import { compileFlags, type Flags, newFlag, parseFlags } from '../../src/flags/index.ts'
import { answerOne } from '../../src/server/ofrep-answers.ts'
import { type FlagSource, openFlagSource, type OfrepServer, startOfrep } from '../../src/server/index.ts'
import { programOf } from '../../src/testing/debian.ts'
import { haproxySource, rigFlag, startTrafficRig, type TrafficRig } from '../../src/testing/index.ts'
import { pipelined, userNumber } from '../../src/testing/users.ts'

const keys = Number(process.env['CHANGEOVER_KEYS'] ?? 1_000_000)
const buckets = 10_000
const clock = { now: () => 0, sleep: async () => undefined }

const source = haproxySource()
const lua = programOf('lua5.3', 'lua5.3')
if ('missing' in source) console.warn(`skipped: agreement with HAProxy: ${source.missing}`)
if ('missing' in lua) console.warn(`skipped: agreement with the Lua file: ${lua.missing}`)

/** `share` in hundredths of a percent. */
function documentAt(share: number): JsonObject {
  const rollout = { enabled: true, percent: share / 100, allow: [], deny: [] }
  return { flags: { [rigFlag]: newFlag(rollout) as unknown as JsonObject } }
}

const flagsAt = (share: number): Flags => compileFlags(parseFlags(documentAt(share)), clock)
const inEvaluator = (flags: Flags, user: string) => flags.boolean(rigFlag, false, { targetingKey: user })
/** What the server's answer for this user says, made by the very function that makes it. */
const inAnswer = (flags: Flags, user: string) =>
  answerOne(flags, rigFlag, { targetingKey: user }).body['value'] === true

/** The bucket of each key, as Lua says it. */
async function bucketsInLua(program: string, rig: TrafficRig): Promise<readonly number[]> {
  const path = join(rig.haproxy.folder, 'all-keys')
  const file = createWriteStream(path)
  for (let index = 0; index < keys; index++) if (!file.write(`${userNumber(index)}\n`)) await once(file, 'drain')
  file.end()
  await once(file, 'close')
  const script = 'local bucket = dofile(arg[1]) for line in io.lines(arg[2]) do print(bucket(line, "shop")) end'
  const said = execFileSync(program, ['-', rig.lua, path], { input: script, encoding: 'utf8', maxBuffer: 32 * keys })
  return said.trimEnd().split('\n').map(Number)
}

describe.skipIf('missing' in source)('one user, one side', () => {
  let rig: TrafficRig
  let proxy: Target<'traffic'>
  beforeAll(async () => {
    rig = await startTrafficRig()
    proxy = await haproxy.open(rig.config, {
      run: 'agreement',
      fence: 1,
      base: '/',
      signal: new AbortController().signal,
    })
  })
  afterAll(() => rig?.stop())

  it.skipIf('missing' in lua)(
    `has ${keys.toLocaleString('en')} keys on the same side, in evaluator, answer and Lua`,
    { timeout: 240_000 + keys / 5 },
    async () => {
      const said = 'missing' in lua ? [] : await bucketsInLua(lua.path, rig)
      expect(said).toHaveLength(keys)
      const members = Array.from({ length: buckets }, (): number[] => [])
      for (const [index, bucket] of said.entries()) members[bucket]!.push(index)
      const wrong: string[] = []
      let notAscii = 0
      // HAProxy's side is `bucket < share`. So a key of bucket b is out at share b, in at b + 1, and those two shares hold its whole way.
      let below = flagsAt(0)
      for (const [bucket, indexes] of members.entries()) {
        const above = flagsAt(bucket + 1)
        for (const index of indexes) {
          const user = userNumber(index)
          // oxlint-disable-next-line no-control-regex -- the range is that of ASCII, which begins with them
          if (/[^\x00-\x7f]/.test(user)) notAscii += 1
          const agreed =
            !inEvaluator(below, user) && !inAnswer(below, user) && inEvaluator(above, user) && inAnswer(above, user)
          if (!agreed) wrong.push(user)
        }
        below = above
      }
      expect(wrong.slice(0, 10)).toEqual([])
      expect(notAscii / keys).toBeCloseTo(1 / 3, 3)
      console.log(
        `${keys.toLocaleString('en')} keys, ${notAscii.toLocaleString('en')} not ASCII: 0 on another side, each at both shares beside its bucket`,
      )
    },
  )

  it('lets nobody fall out while the percentage grows from 0 to 100 by 0.01', { timeout: 240_000 }, () => {
    const users = Array.from({ length: 200 }, (_, index) => userNumber(index * 7_919))
    let inside = new Set<string>()
    for (let share = 0; share <= buckets; share++) {
      const flags = flagsAt(share)
      const now = users.filter((user) => inEvaluator(flags, user))
      const members = new Set(now)
      const fallen = [...inside].filter((user) => !members.has(user))
      const answered = users.filter((user) => inAnswer(flags, user))
      if (fallen.length > 0 || answered.join() !== now.join())
        expect({ share, fallen, answered }).toEqual({ share, fallen: [], answered: now })
      inside = members
    }
    expect(inside.size).toBe(users.length)
  })

  it(
    'asks the server and HAProxy themselves, over HTTP, while the percentage grows',
    { timeout: 480_000 },
    async () => {
      const users = Array.from({ length: 2_000 }, (_, index) => userNumber(index * 499))
      const server = await startServer()
      try {
        let inside = new Set<string>()
        for (const share of [0, 1, 37, 500, 2_345, 5_000, 7_531, 9_000, 9_999, 10_000]) {
          await server.put(share)
          await proxy.write.shift('shop', { v1: buckets - share, v2: share })
          const flags = flagsAt(share)
          const evaluated = users.filter((user) => inEvaluator(flags, user))
          const answered = await server.ask(users)
          const sides = await pipelined(rig.url.shop, users)
          expect(users.filter((_, index) => answered[index])).toEqual(evaluated)
          expect(users.filter((_, index) => sides[index]!.side === 'v2')).toEqual(evaluated)
          const now = new Set(evaluated)
          expect([...inside].filter((user) => !now.has(user))).toEqual([])
          inside = now
        }
        expect(inside.size).toBe(users.length)
      } finally {
        await server.stop()
      }
    },
  )
})

/** A real OFREP server on a store whose share can be set, and many questions to it at a time over kept connections. */
async function startServer() {
  const stop = new AbortController()
  let now = { document: documentAt(0), version: '0' }
  const store: FlagReader = { read: async () => now, history: async () => [], watch: async () => undefined }
  const flags: FlagSource = await openFlagSource(store, { clock, signal: stop.signal })
  const server: OfrepServer = await startOfrep({ source: flags, clock })
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const url = `${server.url}/ofrep/v1/evaluate/flags/${encodeURIComponent(rigFlag)}`
  return {
    put: async (share: number) => {
      now = { document: documentAt(share), version: String(share) }
      await flags.refresh()
    },
    ask: (users: readonly string[]) => Promise.all(users.map((user) => askOnce(agent, url, user))),
    stop: async () => {
      agent.destroy()
      await server.close()
      stop.abort()
    },
  }
}

function askOnce(agent: Agent, url: string, user: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const asked = request(url, { agent, method: 'POST', headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.once('error', reject).once('end', () => {
        const { value } = JSON.parse(text) as { readonly value?: unknown }
        if (answer.statusCode === 200 && typeof value === 'boolean') resolve(value)
        else reject(new Error(`${answer.statusCode} ${text}`))
      })
    })
    asked.once('error', reject).end(JSON.stringify({ context: { targetingKey: user } }))
  })
}

import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { http } from '../../adapters/http/index.ts'
import { memoryHttp, type MemoryHttp } from '../../adapters/memory/index.ts'
import type { Json } from '../../core/json.ts'
import type { Mark } from '../../core/kind.ts'
import type { HttpWriter } from '../../core/ports/index.ts'
import { describeKind, type KindCase } from '../../testing/index.ts'
import { notifyWebhook } from './index.ts'

const caseOf = (name: string, spec: Json, api: () => MemoryHttp): KindCase => ({
  name,
  kind: notifyWebhook,
  spec,
  world: async () => ({ targets: { api: api() }, close: async () => undefined }),
})
const cases = [
  caseOf('a message', {}, () => memoryHttp(() => ({ status: 204 }))),
  caseOf(
    'both ways, to a receiver that fails every other time',
    { onRollback: 'turned back', retries: { waitMs: 1 } },
    () => memoryHttp((_, count) => ({ status: count % 2 === 1 ? 503 : 200 })),
  ),
  caseOf('nobody there', { retries: { times: 1, waitMs: 1 } }, () => memoryHttp(() => 'down')),
]
for (const each of cases) describeKind(each, { describe, it })

const planOf = (spec: Json) =>
  notifyWebhook.plan(notifyWebhook.spec.parse(spec), {
    facts: { api: {} },
    tools: { api: {} },
    targets: { api: 'chat' },
  })

async function run(verb: 'apply' | 'rollback', spec: Json, api: HttpWriter, applied: Mark = null) {
  const clock = { now: () => 0, sleep: async () => undefined }
  const plan = { name: 'neonhub', from: '3.3', to: '4.0' }
  const context = {
    run: 'run-1',
    step: 'live',
    plan,
    on: { api },
    clock,
    signal: new AbortController().signal,
    applied,
  }
  const marks: Mark[] = []
  for await (const mark of notifyWebhook[verb](planOf(spec).work, context as never, null)) marks.push(mark)
  return marks
}

describe('notify.webhook', () => {
  it('fills in what it knows, and names the event for each try the same', async () => {
    const api = memoryHttp((_, count) => ({ status: count < 3 ? 500 : 200 }))
    await run(
      'apply',
      { body: { text: '{plan} {from} to {to}: {step} {outcome} of {run} {unknown}', n: [1, '{run}'] } },
      api.write,
    )
    expect(api.requests.map((each) => each.headers['x-event-id'])).toEqual([
      'run-1/live/reached',
      'run-1/live/reached',
      'run-1/live/reached',
    ])
    expect(api.requests[0]?.body).toEqual({
      text: 'neonhub 3.3 to 4.0: live reached of run-1 {unknown}',
      n: [1, 'run-1'],
    })
  })

  it('makes a risk of a message that did not arrive, after so many tries', async () => {
    const api = memoryHttp(() => ({ status: 503 }))
    const marks = await run('apply', {}, api.write)
    expect(api.requests.length).toBe(4)
    const findings = await notifyWebhook.verify?.(planOf({}).work, { applied: marks.at(-1) ?? null } as never)
    expect(findings?.map((each) => [each.level, each.code, each.message])).toEqual([
      ['risk', 'notify.undelivered', 'a message to "chat" was not delivered: POST "/" of "chat" answered 503'],
    ])
  })

  it('fails the step where the message is required', async () => {
    const api = memoryHttp(() => ({ status: 404 }))
    await expect(run('apply', { required: true }, api.write)).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('answered 404'),
    })
  })

  it('tells of a rollback only where the step was applied', async () => {
    const api = memoryHttp(() => ({ status: 200 }))
    await run('rollback', { onRollback: 'turned back' }, api.write)
    expect(api.requests).toEqual([])
    await run('rollback', { onRollback: 'turned back' }, api.write, { at: { sent: true } })
    expect(api.requests.map((each) => (each.body as { outcome: string }).outcome)).toEqual(['turned back'])
  })

  it('is signed by the target', async () => {
    const seen: { body: string; signature: unknown }[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        seen.push({ body, signature: request.headers['x-signature-256'] })
        response.end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const target = await http.open(
      { url, sign: { secret: 'a-secret-of-sixteen' } },
      { run: 'r', fence: 1, base: '/', signal: new AbortController().signal },
    )
    await run('apply', {}, target.write)
    expect(seen[0]?.signature).toBe(
      `sha256=${createHmac('sha256', 'a-secret-of-sixteen').update(seen[0]!.body).digest('hex')}`,
    )
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})

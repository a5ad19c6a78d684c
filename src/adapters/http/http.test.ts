import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../testing/index.ts'
import { http, type HttpConfig } from './index.ts'

let server: Server
let seen: { readonly request: IncomingMessage; readonly body: string }[]
let base: string

beforeEach(async () => {
  seen = []
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      seen.push({ request, body })
      const path = request.url ?? ''
      if (path.includes('/slow')) return
      if (path.endsWith('/move')) return response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
      response.writeHead(path.endsWith('/bad') ? 400 : 200, {
        'content-type': path.endsWith('/text') ? 'text/plain' : 'application/json',
        'set-cookie': 'a=b',
      })
      return response.end(JSON.stringify({ path, auth: request.headers.authorization ?? null }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function open(more: Partial<HttpConfig> = {}, signal = new AbortController().signal) {
  return http.open(
    { url: `${base}/api`, headers: { Authorization: 'Bearer hidden-token' }, ...more },
    { run: 'r', fence: 1, base: '/', signal },
  )
}

describe('the http adapter', () => {
  it('asks below its address and hides what the API echoes of its credentials', async () => {
    const target = await open()
    const answer = await target.read.get('/nodes?x=1')
    expect(answer).toMatchObject({ status: 200, body: { path: '/api/nodes?x=1', auth: '(secret)' } })
    expect(answer.headers).not.toHaveProperty('set-cookie')
    expect(answer.ms).toBeGreaterThan(0)
    expect(seen[0]?.request.headers.authorization).toBe('Bearer hidden-token')
    expect(await target.identity()).toBe(`http:${base}/api`)
  })

  it('sends JSON, and signs it where asked', async () => {
    const target = await open({ sign: { secret: 'a-secret-of-sixteen', header: 'X-Signature' } })
    await target.write.send('POST', '/nodes', { id: 1 }, { 'Idempotency-Key': 'k' })
    expect(seen[0]?.body).toBe('{"id":1}')
    expect(seen[0]?.request.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'k',
      'x-signature': `sha256=${createHmac('sha256', 'a-secret-of-sixteen').update('{"id":1}').digest('hex')}`,
    })
  })

  it('fills secrets into a body by their names, and only there', async () => {
    const target = await open({ secrets: { TOKEN: 'hidden-in-body' } })
    await target.write.send('POST', '/x', { token: '{{TOKEN}}', other: ['{{NONE}}', 1, null] })
    expect(JSON.parse(seen[0]!.body)).toEqual({ token: 'hidden-in-body', other: ['{{NONE}}', 1, null] })
    expect((await target.read.get('/echo?hidden-in-body')).body).toMatchObject({ path: '/api/echo?(secret)' })
  })

  it('gives text as text, and a bad status as an answer', async () => {
    const target = await open()
    expect(typeof (await target.read.get('/text')).body).toBe('string')
    expect((await target.read.get('/bad')).status).toBe(400)
  })

  it('follows no redirect and leaves its address for no path', async () => {
    const target = await open()
    expect((await target.read.get('/move')).status).toBe(302)
    await expect(target.read.get('/../apis')).rejects.toMatchObject({ code: 'target.failed' })
    await expect(target.read.get('/../../etc')).rejects.toMatchObject({ code: 'target.failed' })
    expect((await target.read.get('http://other/x')).body).toMatchObject({ path: '/api/http://other/x' })
  })

  it('gives up in time, without the credentials in the error', async () => {
    const target = await open({ timeoutMs: 50 })
    await expect(target.read.get('/slow?token=hidden-token')).rejects.toMatchObject({
      code: 'target.unreachable',
      message: `GET "${base}/api/slow" failed: no answer in 50 ms`,
    })
    const port = await freePort()
    const nowhere = await open({ url: `http://127.0.0.1:${port}` })
    await expect(nowhere.read.get('/x')).rejects.toMatchObject({
      code: 'target.unreachable',
      message: `GET "http://127.0.0.1:${port}/x" failed: ECONNREFUSED`,
    })
  })

  it('stops with the reason of the signal', async () => {
    const stop = new AbortController()
    const target = await open({}, stop.signal)
    setTimeout(() => stop.abort(new Error('enough')), 20)
    await expect(target.read.get('/slow')).rejects.toThrow('enough')
  })

  it('takes no password in its url', async () => {
    await expect(open({ url: 'http://u:hidden-word@127.0.0.1/' })).rejects.toMatchObject({
      code: 'plan.invalid',
      message: 'the url of the http target "127.0.0.1" holds a password',
    })
  })
})

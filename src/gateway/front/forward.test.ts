import { createHash } from 'node:crypto'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, bodyOf, one, openRig, type Rig, say, sleep, until } from '../../../test/gateway/rig.ts'

let rig: Rig
beforeEach(() => {
  rig = openRig()
})
afterEach(() => rig.close())

const echo = () =>
  rig.upstream(async (asked, response) => {
    const body = await bodyOf(asked)
    const { method, url, headers, rawTrailers } = asked
    response.end(JSON.stringify({ method, url, headers, trailers: rawTrailers, body: body.toString() }))
  })

interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly trailers: readonly string[]
  readonly body: string
}
const heard = (body: string) => JSON.parse(body) as Echo

describe('what is passed on', () => {
  it('passes method, target, fields and body, and tells who asked', async () => {
    const gateway = await rig.gateway(one((await echo()).url))
    const answer = await ask(`${gateway.url}/a/b?c=%20d&e`, {
      method: 'PATCH',
      headers: { 'x-own': 'ü', 'x-forwarded-for': '6.6.6.6', forwarded: 'for=6.6.6.6' },
      body: Buffer.from('hello'),
    })
    const { headers, ...rest } = heard(answer.body)
    expect(rest).toEqual({ method: 'PATCH', url: '/a/b?c=%20d&e', body: 'hello', trailers: [] })
    const host = new URL(gateway.url).host
    expect(headers).toMatchObject({
      host,
      'x-own': 'ü',
      'content-length': '5',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': host,
      forwarded: `for=127.0.0.1;proto=http;host="${host}"`,
      via: expect.stringMatching(/^1\.1 changeover-[0-9a-f]{8}$/),
    })
  })

  it('adds to what a proxy before it said, where that is trusted', async () => {
    const gateway = await rig.gateway({ ...one((await echo()).url), hostIs: 'inner.example' }, { trustForwarded: true })
    const headers = {
      'x-forwarded-for': '1.1.1.1',
      'x-forwarded-proto': 'https',
      forwarded: 'for=1.1.1.1',
      via: '1.1 edge',
    }
    expect(heard((await ask(gateway.url, { headers })).body).headers).toMatchObject({
      host: 'inner.example',
      'x-forwarded-for': '1.1.1.1, 127.0.0.1',
      'x-forwarded-proto': 'https',
      forwarded: expect.stringMatching(/^for=1\.1\.1\.1, for=127\.0\.0\.1;/),
      via: expect.stringMatching(/^1\.1 edge, 1\.1 changeover-/),
    })
  })

  it('keeps what is of one connection from the other, both ways (RFC 9110, 7.6.1)', async () => {
    const upstream = await rig.upstream((asked, response) => {
      response.writeHead(200, [
        ['Connection', 'keep-alive, X-Inner'],
        ['Keep-Alive', 'timeout=77'],
        ['X-Inner', '1'],
        ['Proxy-Connection', 'x'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['X-Case', 'Kept'],
      ])
      response.end(JSON.stringify({ headers: asked.headers }))
    })
    const gateway = await rig.gateway(one(upstream.url))
    const text = await say(
      gateway.url,
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: 3\r\nTE: gzip, trailers;q=1\r\nProxy-Authorization: x\r\nX-Stays: 1\r\n\r\n',
    )
    const [head = '', body = ''] = text.split('\r\n\r\n')
    expect(head).toContain('\r\nX-Case: Kept')
    expect(head).toContain('\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2')
    expect(head).not.toMatch(/x-inner|timeout=77|proxy-connection/i)
    const { headers } = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)) as Echo
    expect(headers).toMatchObject({ te: 'trailers', connection: 'keep-alive', 'x-stays': '1' })
    for (const name of ['x-hop', 'keep-alive', 'proxy-authorization']) expect(headers).not.toHaveProperty(name)
  })

  it.each(['with a length', 'in chunks'])(
    'gives each of many clients its own large body, %s, also where they take it slowly',
    async (framing) => {
      const upstream = await rig.upstream((asked, response) => {
        const body = Buffer.alloc(300_000, asked.url!.slice(1))
        if (framing === 'with a length') response.setHeader('content-length', body.length)
        response.write(body.subarray(0, 100_000))
        response.end(body.subarray(100_000))
      })
      const gateway = await rig.gateway(one(upstream.url))
      const take = async (name: string, slowly: boolean): Promise<boolean> => {
        const asked = request(`${gateway.url}/${name}`, { agent: false }).end()
        const answer = await new Promise<IncomingMessage>((resolve) => asked.on('response', resolve))
        if (slowly) await sleep(150)
        return (await bodyOf(answer)).equals(Buffer.alloc(300_000, name))
      }
      const names = Array.from({ length: 40 }, (_, at) => `client-${at}-`)
      const all = await Promise.all(names.map((name, at) => take(name, at % 2 === 0)))
      expect(all).toEqual(names.map(() => true))
    },
  )

  it('passes chunked bodies and trailers, both ways', async () => {
    const upstream = await rig.upstream(async (asked, response) => {
      response.writeHead(200, { trailer: 'X-Sum' })
      response.write('one,')
      const body = await bodyOf(asked)
      response.addTrailers({ 'x-sum': String(body.length), 'x-from': asked.trailers['x-client'] ?? '' })
      response.end(`two,${body.toString()}`)
    })
    const gateway = await rig.gateway(one(upstream.url))
    const asked = request(gateway.url, { method: 'POST', agent: false, headers: { trailer: 'X-Client' } })
    asked.write('abc')
    asked.addTrailers({ 'x-client': 'yes' })
    asked.end('def')
    const answer = await new Promise<IncomingMessage>((resolve) => asked.on('response', resolve))
    expect((await bodyOf(answer)).toString()).toBe('one,two,abcdef')
    expect(answer.trailers).toEqual({ 'x-sum': '6', 'x-from': 'yes' })
  })

  it.each([
    ['HEAD', 200, { 'content-length': '1234' }],
    ['GET', 204, {}],
    ['GET', 304, { etag: '"x"', 'content-length': '99' }],
    ['HEAD', 404, {}],
    ['GET', 200, { 'content-length': '0' }],
  ])('answers %s with %i without a body, and the connection goes on', async (method, status, headers) => {
    const upstream = await rig.upstream((_, response) => void response.writeHead(status, headers).end())
    const gateway = await rig.gateway(one(upstream.url))
    const text = await say(
      gateway.url,
      `${method} / HTTP/1.1\r\nHost: h\r\n\r\n${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    )
    const answers = text.split(/(?=HTTP\/1\.1 )/)
    expect(answers).toHaveLength(2)
    for (const each of answers) {
      expect(each).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      for (const [name, value] of Object.entries(headers)) expect(each.toLowerCase()).toContain(`${name}: ${value}\r\n`)
      expect(each.endsWith('\r\n\r\n')).toBe(true)
    }
    expect(upstream.sockets.size).toBe(1)
  })

  it('answers requests on one connection in their order, on few connections to the upstream', async () => {
    const upstream = await rig.upstream(async (asked, response) => {
      await sleep(asked.url === '/1' ? 50 : 0)
      response.end(asked.url)
    })
    const gateway = await rig.gateway(one(upstream.url))
    const text = await say(gateway.url, [1, 2, 3].map((at) => `GET /${at} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''))
    expect(text.match(/(?<=\r\n\r\n)\/\d/g)).toEqual(['/1', '/2', '/3'])
    expect(upstream.sockets.size).toBe(1)
  })

  it('reads absolute targets as their path, with their host (RFC 9112, 3.2.2)', async () => {
    const gateway = await rig.gateway(one((await echo()).url))
    const text = await say(gateway.url, 'GET http://other.example/x?y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    expect(text).toContain('"url":"/x?y"')
    expect(text).toContain('"host":"other.example"')
  })

  it('serves HTTP/1.0, without chunks', async () => {
    const upstream = await rig.upstream((_, response) => {
      response.write('a')
      response.end('b')
    })
    const gateway = await rig.gateway(one(upstream.url))
    const text = await say(gateway.url, 'GET / HTTP/1.0\r\nHost: h\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(text.toLowerCase()).not.toContain('transfer-encoding')
    expect(text.endsWith('\r\n\r\nab')).toBe(true)
  })

  it('passes answers that end with the connection, old ones and split ones', async () => {
    const upstream = await rig.raw((socket) => {
      socket.once('data', async () => {
        for (const piece of ['HTT', 'P/1.0 200 Fine by me\r', '\nX-A:  1 \r\n\r', '\nall ', 'of it']) {
          socket.write(piece)
          await sleep(5)
        }
        socket.end()
      })
    })
    const gateway = await rig.gateway(one(upstream.url))
    expect(await ask(gateway.url)).toMatchObject({
      status: 200,
      reason: 'Fine by me',
      body: 'all of it',
      headers: { 'x-a': '1' },
      whole: true,
    })
    expect(gateway.counts('all')).toEqual({ v1: { requests: 1, failed: 0 } })
  })

  it('takes chunks apart wherever they are cut', async () => {
    const message =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=1\r\nhello\r\n0A\r\n, dear all\r\n0\r\nX-T: 1\r\n\r\n'
    const upstream = await rig.raw((socket) => {
      socket.setNoDelay(true)
      socket.on('data', async (bytes) => {
        const size = Number(/GET \/(\d+)/.exec(bytes.toString())![1])
        for (let at = 0; at < message.length; at += size) {
          socket.write(message.slice(at, at + size))
          await sleep(1)
        }
      })
    })
    const gateway = await rig.gateway(one(upstream.url))
    for (const size of [1, 2, 3, 7, 200])
      expect(await ask(`${gateway.url}/${size}`)).toMatchObject({ body: 'hello, dear all', trailers: { 'x-t': '1' } })
    expect(upstream.sockets.size).toBe(1)
  })

  it('streams large bodies both ways, no faster than the slower side', async () => {
    const size = 24 * 1024 * 1024
    const upstream = await rig.upstream((asked, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      asked.pipe(response)
    })
    const gateway = await rig.gateway(one(upstream.url))
    const before = process.memoryUsage().rss
    const [sent, received] = [createHash('sha256'), createHash('sha256')]
    const block = Buffer.alloc(65_536, 'x')
    const asked = request(gateway.url, { method: 'POST', agent: false })
    Readable.from(
      (function* () {
        for (let at = 0; at < size; at += block.length) {
          block.writeUInt32LE(at)
          sent.update(block)
          yield Buffer.from(block)
        }
      })(),
    ).pipe(asked)
    const answer = await new Promise<IncomingMessage>((resolve) => asked.on('response', resolve))
    await sleep(300)
    expect(process.memoryUsage().rss - before).toBeLessThan(size * 3)
    for await (const piece of answer as AsyncIterable<Buffer>) received.update(piece)
    expect(received.digest('hex')).toBe(sent.digest('hex'))
  })
})

describe('expect: 100-continue', () => {
  const asking = (gateway: string, wait = 5000) =>
    new Promise<{ readonly events: readonly string[]; readonly body: string }>((resolve, reject) => {
      const events: string[] = []
      const asked = request(gateway, {
        method: 'POST',
        agent: false,
        headers: { expect: '100-continue', 'content-length': 3 },
      })
      asked.setTimeout(wait, () => reject(new Error('no answer')))
      asked.on('continue', () => {
        events.push('continue')
        asked.end('abc')
      })
      asked.on('error', reject)
      asked.on('response', async (answer) => {
        events.push(String(answer.statusCode))
        resolve({ events, body: (await bodyOf(answer)).toString() })
        asked.destroy()
      })
      asked.flushHeaders()
    })

  it('asks the upstream, and passes on its go', async () => {
    const upstream = await echo()
    const gateway = await rig.gateway(one(upstream.url))
    const { events, body } = await asking(gateway.url)
    expect(events).toEqual(['continue', '200'])
    expect(heard(body)).toMatchObject({ body: 'abc', headers: { expect: '100-continue' } })
  })

  it('passes on a no, before any of the body is sent', async () => {
    let bytes = 0
    const upstream = await rig.raw((socket) => {
      socket.on('data', (data) => {
        bytes += data.toString().split('\r\n\r\n')[1]!.length
        socket.write('HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno')
      })
    })
    const gateway = await rig.gateway(one(upstream.url))
    expect(await asking(gateway.url)).toEqual({ events: ['417'], body: 'no' })
    expect(bytes).toBe(0)
  })

  it('goes on by itself where the upstream says nothing', async () => {
    const upstream = await rig.raw((socket) => {
      socket.on('data', (data) => {
        if (data.toString().endsWith('abc')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    const gateway = await rig.gateway(one(upstream.url))
    expect(await asking(gateway.url)).toEqual({ events: ['continue', '200'], body: 'ok' })
  })

  it('passes early hints', async () => {
    const upstream = await rig.upstream((_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.end('ok')
    })
    const gateway = await rig.gateway(one(upstream.url))
    const text = await say(gateway.url, 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/)
  })
})

describe('when something breaks', () => {
  it('asks another server where one refuses, whatever the method, for nothing was sent', async () => {
    const dead = await rig.upstream(() => undefined)
    await dead.close()
    const alive = await echo()
    const gateway = await rig.gateway(one(dead.url, alive.url))
    for (const method of ['GET', 'POST', 'POST', 'PUT']) {
      const answer = await ask(gateway.url, { method, ...(method === 'GET' ? {} : { body: 'x' }) })
      expect(answer.status).toBe(200)
      expect(heard(answer.body).method).toBe(method)
    }
    expect(gateway.counts('all').v1).toEqual({ requests: 4, failed: 0 })
  })

  it('says so in plain words where none can be reached', async () => {
    const dead = await rig.upstream(() => undefined)
    await dead.close()
    const gateway = await rig.gateway(one(dead.url))
    expect(await ask(gateway.url)).toMatchObject({
      status: 502,
      body: '502 Bad Gateway: no server could be reached: ECONNREFUSED\n',
    })
    expect(gateway.counts('all').v1).toEqual({ requests: 1, failed: 1 })
  })

  it('repeats a safe request whose kept connection was closed under it, and no other', async () => {
    const seen: string[] = []
    const upstream = await rig.raw((socket) => {
      let count = 0
      socket.on('data', (bytes) => {
        const [line = ''] = bytes.toString().split('\r\n')
        seen.push(line)
        count += 1
        if (count === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        else socket.destroy()
      })
    })
    const gateway = await rig.gateway(one(upstream.url))
    expect((await ask(`${gateway.url}/1`)).status).toBe(200)
    expect((await ask(`${gateway.url}/2`)).status).toBe(200)
    expect(await ask(`${gateway.url}/3`, { method: 'POST', body: 'x' })).toMatchObject({
      status: 502,
      body: expect.stringContaining('the server broke off'),
    })
    expect(seen).toEqual(['GET /1 HTTP/1.1', 'GET /2 HTTP/1.1', 'GET /2 HTTP/1.1', 'POST /3 HTTP/1.1'])
  })

  it('cuts the answer where the upstream is killed in the middle of it: a part is never taken for the whole', async () => {
    const gone = (head: string) =>
      rig.raw(
        (socket) =>
          void socket.once('data', () =>
            socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n5\r\nhel`, () => setTimeout(() => socket.destroy(), 20)),
          ),
      )
    for (const head of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
      const gateway = await rig.gateway(one((await gone(head)).url))
      expect(await ask(gateway.url)).toMatchObject({ status: 200, whole: false })
      await until(() => gateway.counts('all').v1!.failed === 1)
    }
  })

  it('gives up on an upstream that is silent, with 504', async () => {
    const upstream = await rig.raw(() => undefined)
    const gateway = await rig.gateway(one(upstream.url), { timeouts: { answerMs: 100, stallMs: 150, graceMs: 100 } })
    expect(await ask(gateway.url)).toMatchObject({
      status: 504,
      body: expect.stringContaining('did not answer in time'),
    })
    const half = await rig.raw(
      (socket) => void socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx')),
    )
    // The head comes in time also on a machine that is busy with others; what follows it never comes.
    const other = await rig.gateway(one(half.url), { timeouts: { answerMs: 20_000, stallMs: 150, graceMs: 100 } })
    expect(await ask(other.url)).toMatchObject({ status: 200, whole: false })
  })

  it('ends the request to the upstream when the client goes away, and blames nobody', async () => {
    let ended = 0
    const upstream = await rig.upstream((asked, response) => {
      asked.on('aborted', () => (ended += 1))
      asked.on('error', () => undefined)
      response.on('close', () => (ended += 1))
    })
    const gateway = await rig.gateway(one(upstream.url))
    const asked = request(gateway.url, { method: 'POST', agent: false, headers: { 'content-length': 1000 } })
    asked.on('error', () => undefined)
    asked.write('some of it')
    await until(() => gateway.sides('all').v1!.underWay === 1 && upstream.sockets.size === 1)
    await sleep(30)
    asked.destroy()
    await until(() => ended === 2 && gateway.sides('all').v1!.underWay === 0)
    expect(gateway.counts('all').v1).toEqual({ requests: 1, failed: 0 })
  })

  it('passes an answer that comes before the body was read, and ends the connection with it', async () => {
    const upstream = await rig.raw(
      (socket) => void socket.once('data', () => socket.write('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno')),
    )
    const gateway = await rig.gateway(one(upstream.url))
    const text = await say(gateway.url, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc')
    expect(text).toMatch(/^HTTP\/1\.1 403 No\r\n[^]*Connection: close\r\n[^]*\r\n\r\nno$/i)
  })

  it('holds bodies to their limit', async () => {
    let received = 0
    const upstream = await rig.upstream((asked, response) => {
      asked.on('data', (bytes: Buffer) => (received += bytes.length))
      asked.on('error', () => undefined)
      asked.on('end', () => response.end())
    })
    const gateway = await rig.gateway(one(upstream.url), { limits: { bodyBytes: 1000 } })
    expect((await ask(gateway.url, { method: 'POST', body: 'x'.repeat(1000) })).status).toBe(200)
    expect((await ask(gateway.url, { method: 'POST', body: 'x'.repeat(1001) })).status).toBe(413)
    expect(received).toBe(1000)
    const text = await say(
      gateway.url,
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n${'x'.repeat(2000)}\r\n0\r\n\r\n`,
    )
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(received).toBeLessThanOrEqual(2000)
  })

  it('does not go round in circles', async () => {
    let inner = ''
    const loop = await rig.raw((socket) => {
      const other = connect(Number(new URL(inner).port), '127.0.0.1')
      socket.pipe(other).pipe(socket)
      other.on('error', () => undefined)
    })
    const gateway = await rig.gateway(one(loop.url))
    inner = gateway.url
    expect(await ask(gateway.url)).toMatchObject({ status: 508, body: expect.stringContaining('came back') })
  })
})

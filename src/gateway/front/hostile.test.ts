import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, one, openRig, type Rig, say, sleep, until } from '../../../test/gateway/rig.ts'

let rig: Rig
beforeEach(() => {
  rig = openRig()
})
afterEach(() => rig.close())

/** An upstream that counts the requests it was told of. */
async function counting() {
  const seen: string[] = []
  const upstream = await rig.upstream((asked, response) => {
    seen.push(`${asked.method} ${asked.url}`)
    asked.resume().on('end', () => response.end('ok'))
    asked.on('error', () => undefined)
  })
  return { upstream, seen }
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n'

describe('requests that two readers could read differently', () => {
  it.each([
    [
      'both framings',
      `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    [
      'both framings, other order',
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ['two lengths', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 36\r\n\r\n${smuggled}`],
    ['two equal lengths', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
    ['a list of lengths', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc`],
    ['a signed length', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc`],
    ['a length in hex', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc`],
    ['an unknown coding', `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    [
      'two codings',
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    ],
    ['chunked twice', `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
    ['gzip and chunked', `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['space before the colon', `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    [
      'a folded header',
      `POST / HTTP/1.1\r\nHost: h\r\nX: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\nX y: 1\r\n\r\n0\r\n\r\n`,
    ],
    ['a coding in HTTP/1.0', `POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a bare carriage return', `POST / HTTP/1.1\r\nHost: h\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n`],
    ['a zero byte', `GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n`],
    ['two hosts', `GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n`],
    ['no host', `GET / HTTP/1.1\r\n\r\n`],
    [
      'Connection that names the framing',
      `POST / HTTP/1.1\r\nHost: h\r\nConnection: Content-Length\r\nContent-Length: 3\r\n\r\nabc`,
    ],
    ['another version', `GET / HTTP/9.9\r\nHost: h\r\n\r\n`],
    ['no request', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03`],
  ])('refuses %s, and nothing reaches the upstream', async (_, text) => {
    const { upstream, seen } = await counting()
    const gateway = await rig.gateway(one(upstream.url))
    expect(await say(gateway.url, text)).toMatch(/^HTTP\/1\.1 (400|501|505) [^]*connection: close/i)
    await sleep(20)
    expect(seen).toEqual([])
  })

  it('lets no bad chunk through as a good body', async () => {
    const { upstream } = await counting()
    const gateway = await rig.gateway(one(upstream.url))
    for (const chunk of ['zz\r\nab\r\n0\r\n\r\n', '2\r\nabc\r\n0\r\n\r\n', '-1\r\n\r\n', 'ffffffffffffffffff\r\n'])
      expect(
        await say(gateway.url, `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`),
      ).not.toMatch(/HTTP\/1\.1 200/)
    expect((await ask(gateway.url)).status).toBe(200)
  })

  it('refuses what is too large or too slow, and goes on', async () => {
    const { upstream, seen } = await counting()
    const gateway = await rig.gateway(one(upstream.url), { timeouts: { headersMs: 300, requestMs: 600, graceMs: 100 } })
    expect(await say(gateway.url, `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [^]*the head of the request is too large/,
    )
    expect(await say(gateway.url, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: h\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
    expect(await say(gateway.url, `GET / HTTP/1.1\r\nHost: h\r\nX:`, 4000)).toMatch(/^HTTP\/1\.1 408 /)
    expect(seen).toEqual([])
    // A request that this process itself was too slow to send is asked again.
    await until(async () => (await ask(gateway.url)).status === 200)
  })

  it('is no forward proxy, and shows nobody their headers', async () => {
    const { upstream, seen } = await counting()
    const gateway = await rig.gateway(one(upstream.url))
    expect(await say(gateway.url, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 405 /,
    )
    expect(await say(gateway.url, 'TRACE / HTTP/1.1\r\nHost: h\r\nCookie: a\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /)
    expect(seen).toEqual([])
  })

  it('lets no client pass for a shadow', async () => {
    const upstream = await rig.upstream((asked, response) => response.end(String(asked.headers['x-changeover-shadow'])))
    const gateway = await rig.gateway(one(upstream.url))
    expect((await ask(gateway.url, { headers: { 'x-changeover-shadow': 'twin' } })).body).toBe('undefined')
  })

  it('writes nothing into an answer that is under way', async () => {
    const upstream = await rig.upstream((_, response) => {
      response.write('begun')
      setTimeout(() => response.end('ended'), 100)
    })
    const gateway = await rig.gateway(one(upstream.url))
    const text = await say(gateway.url, ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', 'BAD\r\n\r\n'])
    expect(text).not.toContain('400 Bad Request')
  })

  it('survives clients that vanish at any moment', async () => {
    const { upstream } = await counting()
    const gateway = await rig.gateway(one(upstream.url))
    const text = 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello'
    for (let at = 0; at <= text.length; at += 3) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () =>
          socket.write(text.slice(0, at), () => (at % 2 === 0 ? socket.destroy() : socket.resetAndDestroy())),
        )
        socket.on('close', () => resolve())
        socket.on('error', () => undefined)
      })
    }
    await until(() => gateway.sides('all').v1!.underWay === 0)
    expect(gateway.counts('all').v1!.failed).toBe(0)
    expect((await ask(gateway.url)).status).toBe(200)
  })
})

describe('upstreams that misbehave', () => {
  it.each([
    ['both framings', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: 3x\r\n\r\nabc'],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n'],
    ['a bare line end in a header', 'HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n'],
    ['a space in a name', 'HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['no status', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a protocol nobody asked for', 'HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nbytes'],
    ['an endless head', `HTTP/1.1 200 OK\r\n${`X: ${'x'.repeat(1000)}\r\n`.repeat(100)}`],
    ['nothing at all', ''],
  ])('answers 502 for %s', async (_, text) => {
    const upstream = await rig.raw(
      (socket) => void socket.once('data', () => (text === '' ? socket.end() : socket.write(text))),
    )
    const gateway = await rig.gateway(one(upstream.url))
    expect(await ask(gateway.url)).toMatchObject({ status: 502, headers: { 'x-changeover-gateway': 'refused' } })
    expect(gateway.counts('all').v1).toEqual({ requests: 1, failed: 1 })
    expect(gateway.sides('all').v1!.underWay).toBe(0)
  })

  it('cuts answers whose chunks are none', async () => {
    for (const chunks of [
      'zz\r\n',
      '2\r\nabc\r\n0\r\n\r\n',
      '2\nab\n0\n\n',
      `1;${'x'.repeat(5000)}\r\na\r\n0\r\n\r\n`,
      '0\r\n: x\r\n\r\n',
    ]) {
      const upstream = await rig.raw(
        (socket) =>
          void socket.once('data', () =>
            socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`),
          ),
      )
      const gateway = await rig.gateway(one(upstream.url))
      expect((await ask(gateway.url).catch(() => ({ whole: false }))).whole).toBe(false)
    }
  })

  it('gives nobody what an upstream says out of turn', async () => {
    const upstream = await rig.raw((socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged')
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate'), 5)
      })
    })
    const gateway = await rig.gateway(one(upstream.url))
    for (let at = 0; at < 5; at++) {
      expect((await ask(gateway.url)).body).toBe('ok')
      await sleep(at * 4)
    }
  })

  it('does not let an upstream that reads nothing hold a client for ever', async () => {
    const upstream = await rig.raw((socket) => void socket.pause())
    const gateway = await rig.gateway(one(upstream.url), { timeouts: { stallMs: 200, answerMs: 200, graceMs: 100 } })
    const asked = request(gateway.url, { method: 'POST', agent: false })
    const over = new Promise((resolve) => {
      asked.on('response', (answer) => resolve(answer.statusCode))
      asked.on('error', () => resolve('cut'))
    })
    asked.write(Buffer.alloc(8 * 1024 * 1024))
    expect([504, 'cut']).toContain(await over)
    asked.destroy()
  })

  it('does not let a client that reads nothing hold an upstream for ever', async () => {
    const upstream = await rig.upstream((_, response) => void response.end(Buffer.alloc(32 * 1024 * 1024)))
    // So long that the upstream, which is this process too, is never silent for it before the client takes nothing more.
    const gateway = await rig.gateway(one(upstream.url), { timeouts: { stallMs: 2_000, graceMs: 100 } })
    const socket = connect(
      Number(new URL(gateway.url).port),
      '127.0.0.1',
      () => void socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n'),
    )
    socket.on('error', () => undefined)
    socket.pause()
    await until(() => gateway.counts('all').v1!.requests === 1)
    await until(() => gateway.sides('all').v1!.underWay === 0)
    expect(gateway.counts('all').v1).toEqual({ requests: 1, failed: 0 })
    socket.destroy()
  })
})

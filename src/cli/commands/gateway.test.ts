import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../../../test/cli/command.ts'
import { freePort } from '../../testing/index.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'how-to', 'gateway.md'), 'utf8')
const config = /```yaml\n(listen[^]*?)```/.exec(page)?.[1] ?? ''
const token = 'a-token-of-the-test'

let place: Place
let servers: Server[]
let held: (() => void)[]
beforeEach(() => {
  place = makePlace({ GATEWAY_TOKEN: token })
  servers = []
  held = []
})
afterEach(async () => {
  for (const release of held) release()
  for (const server of servers) await new Promise((resolve) => server.close(resolve).closeAllConnections())
  place.remove()
})

/** `/slow` is answered when the test lets it. */
async function upstream(name: string): Promise<number> {
  const server = createServer((request, response) => {
    if (request.url === '/slow') held.push(() => response.end(`${name}, late`))
    else response.end(name)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** The configuration of the page on ports of the test. */
async function written(change: (text: string) => string = (text) => text): Promise<void> {
  const [front, control] = [await freePort(), await freePort()]
  const text = config
    .replace('port: 8080', `port: ${front}`)
    .replace('port: 8081', `port: ${control}`)
    .replace(':3001', `:${await upstream('v1')}`)
    .replace(':3002', `:${await upstream('v1')}`)
    .replace(':4001', `:${await upstream('v2')}`)
  place.write('gateway.yaml', change(text))
}

interface Started {
  readonly listening: string
  readonly control: string
  readonly shares: object
}

const firstLine = (out: string): Started => JSON.parse(out.split('\n')[0] ?? '') as Started

test('the configuration of the page serves, is shifted, keeps its shares over a restart, and ends in order', async () => {
  await written()
  const running = place.start('gateway', 'gateway.yaml', '--json')
  let out = ''
  running.child.stdout?.on('data', (text: string) => (out += text))
  await running.shows('"listening"')
  const { listening, control, shares } = firstLine(out)
  expect(shares).toEqual({ shop: { v1: 10_000, v2: 0 } })
  expect(await (await fetch(listening)).text()).toBe('v1')
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ v1: 0, v2: 10_000 })
  expect((await fetch(`${control}/v1/routes/shop/shares`, { method: 'PUT', headers, body })).status).toBe(200)
  expect(await (await fetch(listening)).text()).toBe('v2')

  const slow = fetch(`${listening}/slow`).then((answer) => answer.text())
  await expect.poll(() => held.length).toBe(1)
  running.child.kill('SIGINT')
  const asked = () =>
    fetch(listening).then(
      () => 'answered',
      () => 'refused',
    )
  await expect.poll(asked).toBe('refused')
  held.pop()?.()
  expect(await slow).toBe('v2, late')
  const ended = await running.ended
  const [, last = ''] = ended.out.trim().split('\n')
  expect([ended.code, ended.err]).toEqual([0, ''])
  expect(JSON.parse(last)).toMatchObject({
    ended: true,
    counts: { shop: { v1: { requests: 1, failed: 0 }, v2: { failed: 0 } } },
  })
  expect(ended.out).not.toContain(token)

  const again = place.start('gateway', 'gateway.yaml')
  await again.shows('shop  ')
  expect(await (await fetch(listening)).text()).toBe('v2')
  again.child.kill('SIGTERM')
  const { code, out: text } = await again.ended
  expect(code).toBe(0)
  expect(text).toContain(`listening at ${listening}, control at ${control}\n`)
  expect(text).toContain('v2 100 %')
  expect(text).toContain('the gateway has ended')
})

describe('is refused', () => {
  test.each<[string, (text: string) => string, number, string]>([
    [
      'a key that is not known',
      (text) => text.replace('shares:', 'shars:'),
      1,
      'gateway.yaml: line 9: routes.shop.shars: unknown key "shars"; did you mean "shares"?',
    ],
    [
      'shares that are not all',
      (text) => text.replace('10000', '9000'),
      1,
      'gateway.yaml: line 9: routes.shop.shares: shares are 9000 hundredths of a percent in all, not 10000',
    ],
    [
      'no token in the environment',
      (text) => text.replace('GATEWAY_TOKEN', 'GATEWAY_TOKN'),
      1,
      'the gateway of gateway.yaml needs "GATEWAY_TOKN", which the environment does not have; did you mean "GATEWAY_TOKEN"?',
    ],
    [
      'a token that is short',
      (text) => text.replace('${GATEWAY_TOKEN}', 'short'),
      1,
      'line 2: control.token: has fewer than 16 characters',
    ],
    ['no YAML', () => 'listen: [', 1, 'gateway.yaml: line'],
  ])('%s, with its line', async (_, change, code, message) => {
    await written(change)
    const ended = await place.run('gateway', 'gateway.yaml')
    expect([ended.code, ended.err]).toEqual([code, expect.stringContaining(message)])
    expect(ended.err).not.toContain(token)
  })

  test('a file that is not there, none at all, and a port that is taken', async () => {
    expect((await place.run('gateway', 'no.yaml')).err).toContain('there is no gateway configuration')
    expect((await place.run('gateway')).code).toBe(2)
    const taken = await upstream('other')
    await written((text) => text.replace(/port: \d+ }\n/, `port: ${taken} }\n`))
    const ended = await place.run('gateway', 'gateway.yaml')
    expect([ended.code, ended.err]).toEqual([
      1,
      expect.stringContaining(`cannot listen on "127.0.0.1:${taken}": EADDRINUSE`),
    ])
  })
})

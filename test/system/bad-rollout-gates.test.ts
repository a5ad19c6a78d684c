/** Evidence that does not come and nodes that do not get well, with the real command: a gate that cannot tell holds and says so, and passes nothing. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../cli/command.ts'
import { type MeasuredServer, startMeasuredServer } from '../measured-server.ts'
import { programOf } from '../../src/testing/debian.ts'
import { startPrometheus } from '../prometheus.ts'
import { mustFail, mustSay } from './judge.ts'

let place: Place
beforeEach(() => {
  place = makePlace()
})
afterEach(() => place.remove())

const planOf = (targets: object, ...steps: readonly object[]) =>
  JSON.stringify({ name: 'gates', from: '1', to: '2', targets, steps })
const soak = { id: 'soak', kind: 'gate.soak', spec: { forMs: 60_000 } }

describe('a metric that never appears', () => {
  let app: MeasuredServer
  beforeEach(async () => {
    app = await startMeasuredServer()
  })
  afterEach(() => app.stop())

  const plan = (more: object) =>
    planOf(
      { app: { adapter: 'metrics-page', config: { url: `http://${app.at}/metrics`, shareMs: 0 } } },
      {
        id: 'look',
        kind: 'gate.metrics',
        on: 'app',
        spec: { metrics: { errors: { query: 'no_such_total', max: 5, intervalMs: 100, count: 3 } }, ...more },
      },
    )

  test('holds, says so, and never passes; a person ends it', async () => {
    place.write('changeover.yaml', plan({}))
    const running = place.start('run', '--yes')
    await running.shows('held, it cannot tell')
    await sleep(2_000)
    const status = await place.run('status')
    mustSay(status, 0, 'errors: held, it cannot tell')
    expect((await place.run('events')).out).not.toMatch(/step\.(finished|failed) +look/)
    mustSay(await place.run('abort', '--yes', '--note', 'nobody measures it'), 1, 'aborted')
    mustSay(await running.ended, 1, 'aborted')
    mustSay(await place.run('status'), 0, 'aborted')
  })

  test('is a failure where the plan gives it a time, and the run turns back by itself', async () => {
    place.write('changeover.yaml', plan({ undecidedMs: 700 }))
    mustSay(await place.run('run', '--yes'), 5, '"errors" is undecided for 700 ms', 'changeover release gates')
    mustFail(await place.run('run', '--yes'), 1, 'run.held')
  })
})

test('a program that measures is run when its gate is judged, and never to see whether it answers', async () => {
  const program = "require('fs').appendFileSync('ran.txt', 'x'); console.log(1)"
  const config = { command: [process.execPath, '-e', program] }
  const spec = { metrics: { one: { query: '', max: 5 } } }
  place.write(
    'changeover.yaml',
    planOf({ harm: { adapter: 'command-metrics', config } }, { id: 'look', kind: 'gate.metrics', on: 'harm', spec }),
  )
  const ran = () =>
    existsSync(join(place.folder, 'ran.txt')) ? readFileSync(join(place.folder, 'ran.txt'), 'utf8') : ''
  mustSay(await place.run('plan'), 0, 'look')
  mustSay(await place.run('check'), 0, '1 step, 0 findings')
  expect(ran()).toBe('')
  mustSay(await place.run('run', '--yes'), 0, 'done')
  expect(ran()).toBe('x')
})

const found = programOf('prometheus', 'prometheus')
if ('missing' in found) console.warn(`skipped: a Prometheus that goes away: ${found.missing}`)

describe.skipIf('missing' in found)('a Prometheus that goes away while a gate looks', () => {
  let app: MeasuredServer
  beforeEach(async () => {
    app = await startMeasuredServer()
  })
  afterEach(() => app.stop())

  const plan = (url: string, limit: number) => {
    const rules = { intervalMs: 200, errorRetryMs: 200, consecutiveErrorLimit: limit }
    const metrics = { up: { query: 'up', min: 1, ...rules } }
    const guard = { id: 'watch', kind: 'gate.metrics', on: 'prometheus', spec: { metrics } }
    const first = {
      id: 'first',
      kind: 'gate.metrics',
      on: 'prometheus',
      spec: { metrics: { up: { query: 'up', min: 1, count: 2, intervalMs: 100 } } },
    }
    return planOf({ prometheus: { adapter: 'prometheus', config: { url } } }, first, { ...soak, guards: [guard] })
  }

  test('turns the run back after more errors in a row than the limit, and names it', async () => {
    const prometheus = await startPrometheus('path' in found ? found.path : '', app.at)
    try {
      place.write('changeover.yaml', plan(prometheus.url, 4))
      const running = place.start('run', '--yes')
      await running.shows('step.started    soak')
      await sleep(600)
      await prometheus.kill()
      mustSay(await running.ended, 5, '"up" could not be measured 5 times in a row', 'ECONNREFUSED')
    } finally {
      await prometheus.stop()
    }
  })

  test('holds where no limit is set, and passes nothing on the word of nobody', async () => {
    const prometheus = await startPrometheus('path' in found ? found.path : '', app.at)
    const metrics = {
      up: { query: 'up', min: 1, count: 100_000, intervalMs: 200, errorRetryMs: 200, consecutiveErrorLimit: -1 },
    }
    try {
      const look = { id: 'look', kind: 'gate.metrics', on: 'prometheus', spec: { metrics } }
      place.write(
        'changeover.yaml',
        planOf({ prometheus: { adapter: 'prometheus', config: { url: prometheus.url } } }, look),
      )
      const running = place.start('run', '--yes')
      await running.shows('up 1 good')
      await prometheus.kill()
      await running.shows('up: cannot be measured')
      await sleep(2_000)
      expect(running.child.exitCode).toBe(null)
      mustSay(await place.run('abort', '--yes', '--note', 'blind'), 1, 'aborted')
      mustSay(await running.ended, 1, 'aborted')
    } finally {
      await prometheus.stop()
    }
  })
})

describe('a node that never becomes healthy', () => {
  let server: Server
  let url: string
  beforeEach(async () => {
    server = createServer((_, response) => response.writeHead(503).end('warming up'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  const node = (health: string) => ({
    adapter: 'process',
    config: {
      command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'],
      pidFile: 'node.pid',
      health: { url: health },
    },
  })
  const start = (spec: object) => ({ id: 'start', kind: 'service.start', on: 'node', spec })

  test('is given up after its time, stopped again, and everything before it is undone', async () => {
    const first = { id: 'first', kind: 'gate.soak', spec: { forMs: 10 } }
    place.write('changeover.yaml', planOf({ node: node(url) }, first, start({ healthyWithinMs: 1_000, pollMs: 100 })))
    const ended = await place.run('run', '--yes')
    mustSay(ended, 5, '"node" did not become healthy in 1000 ms', '503')
    mustSay(await place.run('status'), 0, 'rolled back')
    expect((await place.run('events')).out).toMatch(/step\.finished +first +undo/)
    const { pidOf } = await import('../../examples/stage/background.ts')
    const program = {
      name: 'node',
      command: [process.execPath],
      folder: '.',
      environment: {},
      health: url,
      log: '',
      pidFile: join(place.folder, 'node.pid'),
    } as const
    expect(pidOf(program)).toBe(undefined)
  })

  test('that ended by itself is not waited for', async () => {
    const dead = {
      adapter: 'process',
      config: { command: [process.execPath, '-e', 'throw new Error("no licence")'], health: { url } },
    }
    place.write('changeover.yaml', planOf({ node: dead }, start({ healthyWithinMs: 3_600_000, pollMs: 100 })))
    // Longer than the test may take.
    mustSay(await place.run('run', '--yes'), 5, 'no licence')
  })
})

describe('a proxy that is not there', () => {
  test('its socket: named, and no run is opened', async () => {
    const routes = { web: { backend: 'web', sides: { v1: ['a'], v2: ['b'] } } }
    const edge = { adapter: 'haproxy', config: { socket: join(place.folder, 'gone.sock'), routes } }
    place.write(
      'changeover.yaml',
      planOf(
        { edge },
        { id: 'shift', kind: 'traffic.shift', on: 'edge', spec: { route: 'web', to: { v1: 0, v2: 10_000 } } },
      ),
    )
    mustFail(await place.run('run', '--yes'), 1, 'target.unreachable', 'gone.sock')
    mustFail(await place.run('status'), 1, 'run.not-found')
  })
})

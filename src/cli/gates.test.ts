import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Finding } from '../core/finding.ts'
import { makePlace, type Place } from '../../test/cli/command.ts'
import { type MeasuredServer, startMeasuredServer } from '../../test/measured-server.ts'

let place: Place
beforeEach(() => {
  place = makePlace()
})
afterEach(() => place.remove())

const events = (text: string): readonly Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('a plan that a gate turned back', () => {
  const plan = `name: shop
from: "1"
to: "2"
targets:
  pool: { adapter: command-metrics, config: { command: [${process.execPath}, -p, "require('fs').readFileSync('size', 'utf8')"] } }
steps:
  - { id: warm, kind: gate.soak, spec: { forMs: 10 } }
  - { id: look, kind: gate.metrics, on: pool, spec: { metrics: { size: { query: "", max: 5, unit: jobs } } } }
`

  test('is held until it is released by its name, with a note', async () => {
    place.write('changeover.yaml', plan)
    place.write('size', '9')
    const turned = await place.run('run', '--yes')
    expect(turned.code).toBe(5)
    expect(turned.out).toContain('"size": it is 9, at most 5 is asked')
    expect(turned.out).toContain('changeover release shop --note')
    place.write('size', '3')
    const held = await place.run('run', '--yes')
    expect([held.code, held.err]).toEqual([1, expect.stringContaining('a gate turned this plan back in run "shop-1-')])
    expect(held.err).toContain('changeover release shop --note "what was mended"')

    expect((await place.run('release')).code).toBe(2)
    expect((await place.run('release', 'shop')).err).toContain('a release needs a note')
    expect((await place.run('release', 'nope')).err).toContain('no plan "nope" was ever run here')
    expect((await place.run('release', 'shp', '--note', 'x')).err).toContain('did you mean "shop"?')
    const released = await place.run('release', 'shop', '--note', 'the pool is smaller')
    expect([released.code, released.out]).toEqual([
      0,
      expect.stringContaining('plan "shop" may be run again; it was held by shop-1-'),
    ])
    expect((await place.run('release', 'shop', '--note', 'again')).err).toContain('plan "shop" is not held')
    expect((await place.run('events', '--run', 'shop-1', '--filter', 'type=run.released')).out).toContain(
      'the pool is smaller',
    )
    expect((await place.run('run', '--yes')).code).toBe(0)
  })
})

describe('a gate that finds neither good nor bad', () => {
  const pool = `name: shop
from: "1"
to: "2"
targets:
  pool: { adapter: command-metrics, config: { command: [${process.execPath}, -p, "require('fs').readFileSync('size', 'utf8')"] } }
steps:`
  const size = `size: { query: "", successCondition: result < 5, failureCondition: result > 8, intervalMs: 50`

  test.each([
    [
      'as a step',
      `- { id: look, kind: gate.metrics, on: pool, spec: { metrics: { ${size}, count: 2 } } } }`,
      '',
      [['resume'], 0],
    ],
    [
      'as a guard',
      `- id: soak
    kind: gate.soak
    spec: { forMs: 60000 }
    guards: [{ id: look, kind: gate.metrics, on: pool, spec: { metrics: { ${size} } } } }]`,
      'guard "look": ',
      [['rollback', '--yes'], 5],
    ],
  ] as const)('%s waits for a person, and turns nothing back', async (_, step, by, [then, code]) => {
    place.write('changeover.yaml', `${pool}\n  ${step}\n`)
    place.write('size', '7')
    const held = await place.run('run', '--yes')
    expect(held.code).toBe(1)
    expect(held.err).toContain(
      `${by}metrics of "pool": neither good nor bad: "size": 1 of 1 measurements are inconclusive, at most 0 may: 7: `,
    )
    expect(held.err).toContain('`changeover resume` measures again, or `changeover rollback` turns back')
    const told = events((await place.run('events', '--json')).out).map(({ type }) => type)
    expect(told.slice(-2)).toEqual(['step.failed', 'run.paused'])
    expect(told).not.toContain('run.turned')
    // Who resumes measures again.
    place.write('size', '3')
    expect((await place.run(...then)).code).toBe(code)
  })
})

describe('guards on a page of metrics', () => {
  let app: MeasuredServer
  beforeEach(async () => {
    app = await startMeasuredServer()
    await app.serve(20, 0)
  })
  afterEach(() => app.stop())

  const errors = `{ query: 'increase(http_requests_total{code="500"}[5s])', max: 5, intervalMs: 100, failureLimit: 1 }`
  const guard = `{ id: errors, kind: gate.metrics, on: app, spec: { metrics: { errors: ${errors} } } }`
  const planOf = (step: string) => `name: shop
from: "1"
to: "2"
targets:
  app: { adapter: metrics-page, config: { url: "http://${app.at}/metrics", shareMs: 0 } }
steps:
  - { id: warm, kind: gate.soak, spec: { forMs: 10 } }
  - { ${step}, guards: [${guard}] }
`

  test('are asked once by `check`: one that stands beside two steps, and one of a series that is not there', async () => {
    const lost = guard.replaceAll('errors', 'lost').replace('http_requests_total', 'nothing_such_total')
    const step = (id: string) =>
      `{ id: ${id}, kind: gate.soak, spec: { forMs: 10 }, guards: [${guard.replace('id: errors', 'id: errors-2')}, ${lost}] }`
    place.write('changeover.yaml', `${planOf('id: soak, kind: gate.soak, spec: { forMs: 10 }')}  - ${step('again')}\n`)
    const { findings } = JSON.parse((await place.run('check', '--json')).out) as { findings: Finding[] }
    expect(findings.filter(({ code }) => code === 'gate.looked').map(({ message, at }) => [at?.step, message])).toEqual(
      [
        ['errors', '"app" was asked once: "errors" an empty list: there is no such series now'],
        ['lost', '"app" was asked once: "lost" an empty list: there is no such series now'],
      ],
    )
  })

  test.each([
    ['a step that goes on', 'id: soak, kind: gate.soak, spec: { forMs: 20000 }', 'step.started'],
    [
      'a step that waits for a person',
      'id: agree, kind: gate.confirm, approval: "Go on?", spec: { items: [all is well] }',
      'approval.asked',
    ],
  ])(
    'turn back %s within a second of the failures',
    async (_, step, begun) => {
      place.write('changeover.yaml', planOf(step))
      const running = place.run('run', '--yes', '--json')
      const wanted = new RegExp(`${begun}.*(soak|agree)`)
      while (!wanted.test((await place.run('events')).out)) await new Promise((resolve) => setTimeout(resolve, 100))
      // Two looks must have seen the page before.
      await new Promise((resolve) => setTimeout(resolve, 600))
      await app.serve(20, 20)
      const failed = Date.now()
      const ended = await running
      expect(ended.code).toBe(5)
      const told = events(ended.out)
      const turned = told.find((event) => event['type'] === 'run.turned')
      expect(turned).toMatchObject({
        way: 'back',
        automatic: true,
        why: expect.stringContaining('guard "errors"') as string,
      })
      expect(Date.parse(String(turned?.['at'])) - failed).toBeLessThan(1000)
    },
    60_000,
  )

  test('the person at the terminal is asked while they watch', async () => {
    place.write(
      'changeover.yaml',
      planOf('id: agree, kind: gate.confirm, approval: "Go on?", spec: { items: [all is well] }'),
    )
    const running = place.onTerminal('run', '--yes')
    await running.shows('approve step "agree" with a note')
    await new Promise((resolve) => setTimeout(resolve, 500))
    running.type('all is well\n')
    expect((await running.ended).code).toBe(0)
    expect((await place.run('events', '--filter', 'type=approval.given')).out).toContain('all is well')
  }, 60_000)
})

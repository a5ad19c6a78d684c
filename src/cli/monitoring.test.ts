/** The figures of a plan in the terminal, for a real Prometheus and its promtool, and for Grafana. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../../test/cli/command.ts'
import { type MeasuredServer, startMeasuredServer } from '../../test/measured-server.ts'
import { type PrometheusServer, startPrometheus } from '../../test/prometheus.ts'
import { freePort } from '../testing/index.ts'
import { programOf } from '../testing/debian.ts'

const prometheus = programOf('prometheus', 'prometheus')
if ('missing' in prometheus) console.warn(`skipped: the figures in a real Prometheus: ${prometheus.missing}`)
const path = 'path' in prometheus ? prometheus.path : ''

let place: Place
beforeEach(() => {
  place = makePlace()
})
afterEach(() => place.remove())

const judged = `{ size: { query: "", max: 9, maxIncreasePercent: 10, unit: jobs }, age: { query: "", max: 3, advisory: true } }`
const poolPlan = `name: shop
from: "1"
to: "2"
targets:
  pool: { adapter: command-metrics, config: { command: [${process.execPath}, -p, "require('fs').readFileSync('size', 'utf8')"] } }
steps:
  - { id: base, kind: gate.metrics-baseline, on: pool, spec: { queries: { size: "" }, count: 2, intervalMs: 10 } }
  - { id: look, kind: gate.metrics, on: pool, spec: { baseline: base, metrics: ${judged} } }
`

interface Shown {
  readonly metrics: readonly {
    readonly name: string
    readonly value: unknown
    readonly outcome: string
    readonly why: string
  }[]
}
const read = (text: string): Shown => JSON.parse(text) as Shown

describe('changeover metrics', () => {
  test('shows and judges what the gates ask, compared with what the run has captured', async () => {
    place.write('changeover.yaml', poolPlan)
    place.write('size', '7')
    const before = read((await place.run('metrics', 'size', '--json')).out)
    expect(before.metrics).toEqual([
      expect.objectContaining({ name: 'size', value: 7, baseline: null, outcome: 'undecided', steps: ['look'] }),
    ])
    expect((await place.run('run', '--yes', '--until', 'base')).code).toBe(0)
    const good = await place.run('metrics', 'size')
    expect([good.code, good.out]).toEqual([
      0,
      'size  7 jobs  baseline 7  good  at most 9 jobs, at most 10 % above the baseline\n',
    ])
    place.write('size', '8')
    const bad = await place.run('metrics', '--json')
    expect(bad.code).toBe(3)
    expect(read(bad.out).metrics.map(({ name, outcome, why }) => [name, outcome, why])).toEqual([
      ['size', 'failed', 'it is 8, at most 7.7 (10 % above the baseline of 7) is asked'],
      ['age', 'failed', 'it is 8, at most 3 is asked'],
    ])
    place.write('size', 'none')
    const silent = await place.run('metrics', 'size')
    expect([silent.code, silent.out]).toEqual([1, expect.stringContaining('no answer')])
  })

  test('of one component or one target alone, and of none that there is not', async () => {
    const look = `{ query: "", max: 9 }`
    const guard = `guards: [{ id: g, kind: gate.metrics, on: pool, spec: { metrics: { beside: ${look} } } }]`
    place.write(
      'changeover.yaml',
      `${poolPlan}  - { id: hde, kind: gate.metrics, part: hde, on: pool, spec: { metrics: { ratio: ${look} } } }
  - { id: amst, kind: gate.soak, part: [amst, links], spec: { forMs: 1 }, ${guard} }
`,
    )
    place.write('size', '7')
    const named = async (...words: string[]) =>
      read((await place.run('metrics', '--json', ...words)).out).metrics.map(({ name }) => name)
    expect(await named('--component', 'hde')).toEqual(['ratio'])
    expect(await named('--component', 'links')).toEqual(['beside'])
    expect(await named('--target', 'pool')).toEqual(['size', 'age', 'ratio', 'beside'])
    expect(await named('--component', 'hde', 'beside')).toEqual([])
    for (const [words, said] of [
      [['--component', 'hdee'], 'no step asks for a figure of component "hdee"; did you mean "hde"?'],
      [['--target', 'pol'], 'no step asks for a figure of target "pol"; did you mean "pool"?'],
      [['--interval', '1'], '--interval is between two looks of --watch'],
    ] as const) {
      const ended = await place.run('metrics', ...words)
      expect([ended.code, ended.err]).toEqual([2, expect.stringContaining(said)])
    }
  })

  test('names the nearest figure, and says where there is none to ask for', async () => {
    place.write('changeover.yaml', poolPlan)
    place.write('size', '7')
    const unknown = await place.run('metrics', 'siz')
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('did you mean "size"?')])
    place.write(
      'changeover.yaml',
      poolPlan.replace(/steps:[^]*/, 'steps:\n  - { id: s, kind: gate.soak, spec: { forMs: 1 } }\n'),
    )
    const none = await place.run('metrics')
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('no step of plan "shop" asks for a figure')])
  })

  test('watches until it is left, one object a look', async () => {
    place.write('changeover.yaml', poolPlan)
    place.write('size', '7')
    const running = place.start('metrics', 'size', '--watch', '--interval', '1', '--json')
    await running.shows('"value":7')
    place.write('size', '11')
    await running.shows('"value":11')
    running.child.kill('SIGINT')
    const { code, out } = await running.ended
    expect(code).toBe(0)
    expect(
      new Set(
        out
          .trim()
          .split('\n')
          .map((line) => read(line).metrics[0]?.outcome),
      ),
    ).toEqual(new Set(['undecided', 'failed']))
  })
})

describe.skipIf(path === '')('in a real Prometheus', () => {
  let app: MeasuredServer
  let server: PrometheusServer
  let port: number
  beforeEach(async () => {
    app = await startMeasuredServer()
    port = await freePort()
    server = await startPrometheus(path, `127.0.0.1:${port}`)
  })
  afterEach(async () => {
    await server.stop()
    await app.stop()
  })

  const errors = `{ query: 'rate(http_requests_total{code="500"}[1m])', successCondition: 'result[0] < 0.05', intervalMs: 5000, failureLimit: 3 }`
  const odd = `{ query: 'http_seconds_bucket', failureCondition: 'any(result, # > 9) || len(result) == 0' }`
  const rising = `{ query: 'sum(http_requests_total)', maxPerMinute: 600, windowMs: 30000 }`
  const plan = () => `name: shop.two
from: "1"
to: "2"
targets:
  prom: { adapter: prometheus, config: { url: "${server.url}" } }
steps:
  - { id: first, kind: gate.soak, spec: { forMs: 10 } }
  - id: soak
    kind: gate.soak
    spec: { forMs: 10 }
    guards:
      - { id: watch, kind: gate.metrics, on: prom, spec: { metrics: { errors: ${errors}, odd: ${odd}, "how fast": ${rising} } } }
  - { id: agree, kind: gate.soak, approval: "go on?", spec: { forMs: 10 } }
`

  test('every rule is valid, what no rule is made of is said, and every panel asks what Prometheus understands', async () => {
    place.write('changeover.yaml', plan())
    const made = await place.run('alerts', '--out', 'rules.yml')
    expect([made.code, made.err]).toEqual([
      0,
      'no rule for "odd": the condition "any(result, # > 9) || len(result) == 0" is more than one comparison\nthe alert rules are in rules.yml\n',
    ])
    const promtool = join(path, '..', 'promtool')
    const rules = join(place.folder, 'rules.yml')
    expect(execFileSync(promtool, ['check', 'rules', rules], { encoding: 'utf8' })).toContain('SUCCESS: 7 rules found')
    expect(readFileSync(rules, 'utf8')).toContain(`expr: (rate(http_requests_total{code="500"}[1m])) >= 0.05
        for: 15s`)
    expect(readFileSync(rules, 'utf8')).toContain('expr: increase((sum(http_requests_total))[30s:]) > 300')

    const shown = JSON.parse((await place.run('dashboard')).out) as {
      readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
    }
    expect(shown.panels.map(({ title }) => title).slice(-3)).toEqual(['errors', 'odd', 'how fast'])
    const queries = shown.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$run', 'x')))
    for (const query of queries) {
      const answer = await fetch(`${server.url}/api/v1/query?query=${encodeURIComponent(query)}`)
      expect([query, answer.status]).toEqual([query, 200])
    }
  })

  test('every command of the how-to page does what the page says', async () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'how-to', 'monitoring.md'), 'utf8')
    const [, example = ''] = /```yaml\n([^]*?)```/.exec(page) ?? []
    // The page scrapes a program of its reader: here it is the one of this test.
    await server.stop()
    server = await startPrometheus(path, app.at)
    await app.serve(50, 0)
    place.write('changeover.yaml', example.replace('http://prometheus:9090', server.url))
    await expect.poll(async () => (await place.run('metrics', 'errors')).out).toContain('good')
    const lines = [...page.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'))
    for (const line of lines) {
      const { code, err } = await place.run(...line.split(' ').slice(1))
      expect([line, code, err.replace(/the .* (is|are) in .*\n/, '')]).toEqual([line, 0, ''])
    }
    expect(lines).toHaveLength(5)
    execFileSync(join(path, '..', 'promtool'), ['check', 'rules', join(place.folder, 'shop.rules.yml')])
    // Against the baseline that the run captured, in figures.
    expect(readFileSync(join(place.folder, 'shop.rules.yml'), 'utf8')).toMatch(/\(sum\(memory_bytes\)\) > \d+\n/)
    expect(readFileSync(join(place.folder, 'shop.json'), 'utf8')).toMatch(/"vector\(\d+\)"/)
  })

  test('the exporter shows the run while it goes on, and the one after it', async () => {
    // This Prometheus knows the exporter alone: a guard that asks it for the program's figures would turn the run back, if it came to look.
    place.write('changeover.yaml', plan().replace(/ {4}guards:\n.*\n/, ''))
    const running = place.start('exporter', '--port', String(port))
    await running.shows(`http://127.0.0.1:${port}/metrics`)
    expect((await place.run('run', '--yes')).code).toBe(6)
    const asked = `changeover_run_phase{plan="shop.two", phase="awaiting-approval"} == 1`
    const found = async () => {
      const answer = await fetch(`${server.url}/api/v1/query?query=${encodeURIComponent(asked)}`)
      return ((await answer.json()) as { readonly data: { readonly result: readonly unknown[] } }).data.result.length
    }
    await expect.poll(found).toBe(1)
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(page).toContain('changeover_run_waits_for_person{run="shop.two-1')
    execFileSync(join(path, '..', 'promtool'), ['check', 'metrics'], { input: page })
    const taken = await place.run('exporter', '--port', String(port))
    expect([taken.code, taken.err]).toEqual([2, expect.stringContaining('name another `--port`')])
    running.child.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
  })
})

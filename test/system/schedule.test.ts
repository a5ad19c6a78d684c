/** A schedule of flags, from a plan file to flags in force, by the real command: shown, let pass in compressed time, gated, edited, turned back. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Flag, rolloutOf } from '../../src/flags/index.ts'
import { makePlace, type Place } from '../cli/command.ts'

let place: Place
beforeEach(() => {
  place = makePlace()
  place.write('flags.json', JSON.stringify({ flags: { search: flag, checkout: flag } }))
  place.write('failures', '0')
})
afterEach(() => place.remove())

const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }

/** A week in so many milliseconds. */
const compressTo = (ms: number) => 604_800_000 / ms

const planOf = (compress: number, more = '') => `name: shop
from: "1"
to: "2"
targets:
  flags: { adapter: flag-file, config: { path: flags.json } }
  app: { adapter: command-metrics, config: { command: [${process.execPath}, -p, "require('fs').readFileSync('failures', 'utf8')"] } }
steps:
  - { id: warm, kind: gate.soak, spec: { forMs: 1 } }
  - recipe: flags.schedule
    id: rollout
    spec:
      on: flags
      flags: [search, checkout]
      length: 7d
      compress: ${compress}
      periods:
        - { name: Week 1, percent: { search: 10, checkout: 0 } }
        - { name: Week 2, percent: { search: 50, checkout: 10 } }
        - { name: Week 3, percent: { search: 100, checkout: 50 } }
      gates:
        - { id: failures, kind: gate.metrics, on: app, spec: { metrics: { failures: { query: "", max: 5 } } } }
${more}`

const percents = () => {
  const { flags } = JSON.parse(readFileSync(join(place.folder, 'flags.json'), 'utf8')) as {
    flags: Record<string, Flag>
  }
  return Object.values(flags).map((each) => rolloutOf(each)?.percent)
}

const finished = async () =>
  (await place.run('events', '--json', '--filter', 'type=step.finished')).out
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { step: string }).step)

const weekSteps = (week: number, flags: readonly string[]) =>
  [...flags, 'soak', 'failures'].map((each) => `rollout-week-${week}-${each}`)
const everyStep = [
  'warm',
  ...weekSteps(1, ['search', 'checkout']),
  ...weekSteps(2, ['search', 'checkout']),
  ...weekSteps(3, ['search', 'checkout']),
]

describe('a schedule of two flags over three weeks', () => {
  test('is shown as a rehearsal, runs to its end, and is turned back to where it began', async () => {
    place.write('changeover.yaml', planOf(compressTo(300)))
    const before = readFileSync(join(place.folder, 'flags.json'), 'utf8')
    const plan = await place.run('plan')
    expect(plan.code).toBe(0)
    for (const said of [
      'Week 1',
      'Week 3',
      'let 7d pass, rehearsed in 300 ms',
      'for 7d: a rehearsal, 2016000 times faster',
    ])
      expect(plan.out).toContain(said)
    expect(plan.out.match(/7d is let pass in 300 ms, 2016000 times faster: this is a rehearsal/g)).toHaveLength(3)

    const ended = await place.run('run', '--yes')
    expect([ended.code, ended.err]).toEqual([0, ''])
    expect(percents()).toEqual([100, 50])
    expect(await finished()).toEqual(everyStep)
    const history = await place.run('flags', 'history', 'search')
    for (const week of ['Week 1', 'Week 2', 'Week 3']) expect(history.out).toContain(week)

    expect((await place.run('rollback', '--yes')).code).toBe(5)
    expect(JSON.parse(readFileSync(join(place.folder, 'flags.json'), 'utf8'))).toEqual(JSON.parse(before))
  })

  test('is stopped by the gate of a week, and undone', async () => {
    place.write('changeover.yaml', planOf(compressTo(1_500)))
    const running = place.start('run', '--yes')
    while (percents()[1] !== 10) await new Promise((resolve) => setTimeout(resolve, 20))
    place.write('failures', '9')
    const ended = await running.ended
    expect(ended.code).toBe(5)
    expect(ended.out).toContain('"failures": it is 9, at most 5 is asked')
    expect(percents()).toEqual([undefined, undefined])
    const events = await place.run('events', '--filter', 'type=step.failed')
    expect(events.out).toContain('rollout-week-2-failures')
  })

  test('is the steps it became: an edit while it is paused is refused for what has begun, and taken over for what has not', async () => {
    place.write('changeover.yaml', planOf(compressTo(3_000)))
    const running = place.start('run', '--yes')
    while (percents()[0] !== 10) await new Promise((resolve) => setTimeout(resolve, 20))
    // A signal is there at once; the weeks after this one must not have begun.
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(6)

    const edited = (from: string, to: string) =>
      place.write('changeover.yaml', planOf(compressTo(3_000)).replace(from, to))
    edited('search: 100, checkout: 50', 'search: 100, checkout: 60')
    const stale = await place.run('resume')
    expect([stale.code, stale.err]).toEqual([4, expect.stringContaining('steps.rollout-week-3-checkout')])
    edited('Week 1, percent: { search: 10', 'Week 1, percent: { search: 11')
    expect((await place.run('resume', '--amend')).err).toContain(
      '"rollout-week-1-search" was started and cannot be edited',
    )
    edited('search: 100, checkout: 50', 'search: 100, checkout: 60')
    const resumed = await place.run('resume', '--amend')
    expect([resumed.code, resumed.err]).toEqual([0, ''])
    expect(percents()).toEqual([100, 60])
  })

  test.each([
    [
      'flags.schedule',
      'flags.scedule',
      'line 9: steps[1].recipe: there is no recipe "flags.scedule"; did you mean "flags.schedule"?',
    ],
    ['search: 50', 'search: 101', 'line 18: steps[1].spec.periods[1].percent.search: Too big'],
    [
      'search: 50',
      'serach: 50',
      'line 18: steps[1].spec.periods[1].percent.serach: there is no "serach"; did you mean "search"?',
    ],
    [
      'id: warm',
      'id: rollout-week-2-soak',
      'line 9: steps[1]: id of a step made by recipe "flags.schedule": two steps have the id "rollout-week-2-soak"',
    ],
    [
      'kind: gate.metrics',
      'kind: gate.metric',
      'line 9: steps[1]: kind of a step made by recipe "flags.schedule": step "rollout-week-1-failures" is of kind "gate.metric", which is not known; did you mean "gate.metrics"?',
    ],
  ])('with %s as %s is refused, with its file and line', async (good, bad, says) => {
    place.write('changeover.yaml', planOf(10_080).replace(good, bad))
    const ended = await place.run('plan')
    expect([ended.code, ended.out]).toEqual([1, ''])
    expect(ended.err).toContain(`changeover.yaml: ${says}`)
  })

  test('names a flag that the store does not have before anything is changed', async () => {
    place.write('flags.json', JSON.stringify({ flags: { search: flag, chekout: flag } }))
    place.write('changeover.yaml', planOf(10_080))
    const ended = await place.run('run', '--yes')
    expect(ended.code).not.toBe(0)
    expect(ended.out + ended.err).toContain('there is no flag "checkout"; did you mean "chekout"?')
    expect(percents()).toEqual([undefined, undefined])
  })

  test('says the same as a plan in TypeScript', async () => {
    place.write('changeover.yaml', planOf(10_080))
    const yaml = JSON.parse((await place.run('plan', '--json')).out) as { steps?: unknown }
    place.write(
      'changeover.config.ts',
      `import { parse } from ${JSON.stringify(join(import.meta.dirname, '../../node_modules/yaml/dist/index.js'))}
import { readFileSync } from 'node:fs'
import { flagSchedule } from ${JSON.stringify(join(import.meta.dirname, '../../dist/index.js'))}
const plan = parse(readFileSync(${JSON.stringify(join(place.folder, 'changeover.yaml'))}, 'utf8'))
const [warm, { id, spec }] = plan.steps
export default { ...plan, steps: [warm, ...flagSchedule({ id, ...spec })] }
`,
    )
    const script = JSON.parse((await place.run('plan', '--file', 'changeover.config.ts', '--json')).out) as {
      steps?: unknown
    }
    expect(script).toEqual(yaml)
  })
})

describe('the page on schedules', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/schedules.md'), 'utf8')
  const blocks = (kind: string) =>
    [...page.matchAll(new RegExp(`\`\`\`${kind}\n([^]*?)\`\`\``, 'g'))].map(([, block = '']) => block)
  const [weeks = '', days = '', put = ''] = blocks('yaml')
  const flagsOf = (names: readonly string[]) => {
    place.write('flags.json', JSON.stringify({ flags: Object.fromEntries(names.map((name) => [name, flag])) }))
  }
  const stepsOf = async () => {
    const { stages } = JSON.parse((await place.run('plan', '--json')).out) as {
      stages: readonly { steps: readonly { id: string }[] }[]
    }
    return stages.flatMap(({ steps }) => steps)
  }

  test('shows plans that can be planned: flags by week, modules by day, traffic', async () => {
    flagsOf([
      'hybrid_mode',
      'ml_compression',
      'crdt_sync',
      'pbft_consensus',
      'internet_opt',
      'transaction_pool',
      'sync_service',
    ])
    const { createServer } = await import('node:http')
    const metrics = createServer((_, response) => response.end('dwcp_error_rate 0\ndwcp_peers 3\nmana_error_rate 0\n'))
    await new Promise<void>((resolve) => metrics.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = metrics.address() as { readonly port: number }
      place.write('changeover.yaml', weeks.replace('9090', String(port)) + days)
      const steps = await stepsOf()
      const [canary, modules] = ['rollout-canary', 'modules-'].map((start) =>
        steps.filter(({ id }) => id.startsWith(start)),
      )
      expect(canary?.map(({ id }) => id)).toEqual([
        'rollout-canary-hybrid_mode',
        'rollout-canary-soak',
        'rollout-canary-errors',
      ])
      expect(modules).toHaveLength(3 + 3 * 4)
      expect((await place.run('plan')).out).toContain('wait 7 d 0 h')

      const edge =
        '  edge: { adapter: gateway, config: { url: "http://127.0.0.1:9", token: a-token-of-the-test } }\nsteps:'
      const traffic = weeks
        .replace('steps:', edge)
        .replace(/ {6}(nodes|canary):.*\n/g, '')
        .replace('      flags: [', `${put}      flags: [`)
      place.write('changeover.yaml', traffic)
      // It is understood as far as the gateway, which is not there.
      expect((await place.run('plan')).err).toContain('see `changeover docs target.unreachable`')
    } finally {
      metrics.close()
    }
  })
})

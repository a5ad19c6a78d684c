import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memoryService, type MemoryServiceOptions } from '../../adapters/memory/index.ts'
import { processService } from '../../adapters/process/index.ts'
import type { AnyKind } from '../../core/kind.ts'
import { describeKind, freePort, type KindCase } from '../../testing/index.ts'
import { serviceStart, serviceStop } from './index.ts'

const quick = { healthyWithinMs: 5000, pollMs: 1, graceMs: 2000 }
const slowToWarm = (check: number): string => (check < 3 ? 'warming up' : '')

function inMemory(name: string, kind: AnyKind, options: MemoryServiceOptions): KindCase {
  return {
    name,
    kind,
    spec: quick,
    world: async () => ({ targets: { service: memoryService(options) }, close: async () => undefined }),
  }
}

function asProcess(name: string, kind: AnyKind, running: boolean): KindCase {
  const world: KindCase['world'] = async () => {
    const base = mkdtempSync(join(tmpdir(), 'changeover-service-'))
    const port = await freePort()
    const script = `require('http').createServer((q, s) => s.end('ok')).listen(${port}, '127.0.0.1')`
    const service = await processService.open(
      { command: [process.execPath, '-e', script], health: { url: `http://127.0.0.1:${port}/` } },
      { run: 'case', fence: 1, base, signal: new AbortController().signal },
    )
    if (running) await service.write.start()
    return {
      targets: { service },
      close: async () => {
        await service.write.stop(0)
        rmSync(base, { recursive: true, force: true })
      },
    }
  }
  // On a machine that is busy with others, a program may take many seconds until it answers.
  const spec = { ...quick, healthyWithinMs: 45_000 }
  // Each point of death starts and ends real processes: some of them will do.
  return { name, kind, spec, world, most: 5 }
}

const cases = [
  inMemory('a stopped service that is slow to warm up', serviceStart, { health: slowToWarm }),
  inMemory('a service that runs already', serviceStart, { state: 'running' }),
  inMemory('a running service', serviceStop, { state: 'running', health: slowToWarm }),
  inMemory('a service that does not run', serviceStop, {}),
  asProcess('a real process', serviceStart, false),
  asProcess('a real process', serviceStop, true),
]
for (const each of cases) describeKind(each, { describe, it })

describe('service.start', () => {
  const apply = async (service: ReturnType<typeof memoryService>, spec = {}) => {
    const site = { facts: { service: await service.observe() }, tools: { service: {} }, targets: { service: 'v4' } }
    const { work } = serviceStart.plan(serviceStart.spec.parse({ ...quick, ...spec }), site)
    let now = 0
    const clock = { now: () => now, sleep: async (ms: number) => void (now += ms) }
    const context = { on: { service: service.write }, clock, signal: new AbortController().signal }
    const marks = []
    for await (const mark of serviceStart.apply(work, context as never, null)) marks.push(mark)
    return marks
  }

  it('shows why the health check failed and the last lines of the log', async () => {
    const service = memoryService({ health: () => 'answered 503: warming up', log: ['one', 'two'] })
    await expect(apply(service)).rejects.toMatchObject({
      code: 'service.unhealthy',
      message: '"v4" did not become healthy in 5000 ms: answered 503: warming up; its log ends with:\n  one\n  two',
    })
  })

  it('does not wait for a service that has ended', async () => {
    const service = memoryService({ log: ['no such table'] })
    const dying = { ...service, write: { ...service.write, start: async () => undefined } }
    await expect(apply(dying)).rejects.toMatchObject({
      code: 'service.failed',
      message: '"v4" ended before it was healthy; its log ends with:\n  no such table',
    })
  })

  it('asks for as many good checks in a row as it should', async () => {
    const service = memoryService({ health: (check) => (check === 2 ? 'flapping' : '') })
    const marks = await apply(service, { checks: 2 })
    expect(marks.map((mark) => mark?.note)).toEqual([
      'started',
      'healthy 1 of 2 times',
      'flapping',
      'healthy 1 of 2 times',
      'healthy',
    ])
  })
})

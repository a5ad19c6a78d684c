import { availableParallelism, totalmem } from 'node:os'
import { expect, it } from 'vitest'
import { host } from './index.ts'

it('measures this machine', async () => {
  const target = await host.open({}, { run: 'r', fence: 1, base: '/tmp', signal: new AbortController().signal })
  const seen = await target.read.resources('not/there/yet')
  expect(seen.cpu).toBeGreaterThan(0)
  expect(seen.cpu).toBeLessThanOrEqual(availableParallelism())
  expect(seen.memoryBytes).toBeLessThanOrEqual(totalmem())
  expect(seen.diskFreeBytes).toBeGreaterThan(0)
  expect(seen.networkBitsPerSecond === null || seen.networkBitsPerSecond > 0).toBe(true)
  expect(await target.read.version(process.execPath)).toBe(process.versions.node)
  expect(await target.read.version('no-such-program')).toBeNull()
})

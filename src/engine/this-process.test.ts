import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from './this-process.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('a wait that is longer than a timer can be is waited for to its end', async () => {
  vi.useFakeTimers()
  const thirtyDays = 30 * 86_400_000
  let over = false
  const slept = systemClock.sleep(thirtyDays, new AbortController().signal).then(() => (over = true))
  await vi.advanceTimersByTimeAsync(thirtyDays - 1)
  expect(over).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(over).toBe(true)
  await slept
})

test('a wait that is ended ends with the reason', async () => {
  const stop = new AbortController()
  const slept = systemClock.sleep(2 ** 33, stop.signal)
  stop.abort(new Error('enough'))
  await expect(slept).rejects.toThrow('enough')
})

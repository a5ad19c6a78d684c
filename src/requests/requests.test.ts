import { describe, expect, it } from 'vitest'
import { ChangeoverError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Answer } from '../core/ports/index.ts'
import { answerCheck, deliver, judgeAnswer, judgeValue, retries, valueCheck } from './index.ts'

const body: Json = { status: 'ok', 'a/b': { '~': [1, '2', null] }, deep: { n: 0 } }
const answer = (status: number, more: Partial<Answer> = {}): Answer => ({ status, headers: {}, body, ms: 10, ...more })

describe('checks of a value', () => {
  it.each([
    [{ at: '/status', equals: 'ok' }, 'yes'],
    [{ at: '/status', equals: 'bad' }, 'no'],
    [{ at: '/a~1b/~0/0', equals: 1 }, 'yes'],
    [{ at: '/a~1b/~0/1', min: 2, max: 2 }, 'yes'],
    [{ at: '/a~1b/~0/2', equals: null }, 'yes'],
    [{ at: '/a~1b/~0/2', min: 0 }, 'unknown'],
    [{ at: '/a~1b/~0/01', exists: false }, 'yes'],
    [{ at: '/deep/n', max: -1 }, 'no'],
    [{ at: '/missing', max: 1 }, 'unknown'],
    [{ at: '/missing', equals: null }, 'no'],
    [{ at: '/missing', not: 'x' }, 'yes'],
    [{ at: '/missing', matches: 'x' }, 'unknown'],
    [{ at: '/toString', exists: true }, 'no'],
    [{ at: '/status', oneOf: ['ok', 'fine'] }, 'yes'],
    [{ at: '/status', matches: '^o' }, 'yes'],
    [{ at: '/status', not: 'ok' }, 'no'],
    [{ equals: body }, 'yes'],
  ])('%j is %s', (check, expected) => {
    expect(judgeValue(valueCheck.parse(check), body).met).toBe(expected)
  })

  it.each([[{}], [{ at: '/a' }], [{ at: 'a', exists: true }], [{ matches: '(' }], [{ equals: 1, more: 2 }]])(
    '%j is no check',
    (check) => {
      expect(valueCheck.safeParse(check).success).toBe(false)
    },
  )
})

describe('checks of an answer', () => {
  it.each([
    [{ status: 200 }, answer(200), ''],
    [{ status: '2xx' }, answer(204), ''],
    [{ status: [200, '3xx'] }, answer(302), ''],
    [{ status: '2xx' }, answer(503), 'it answered 503'],
    [{ maxLatencyMs: 10 }, answer(200), ''],
    [{ maxLatencyMs: 9 }, answer(200), 'it took 10 ms'],
    [{ status: '2xx', body: [{ at: '/status', equals: 'up' }] }, answer(200), '"/status" is "ok", not "up"'],
  ])('%j', (check, given, why) => {
    expect(judgeAnswer(answerCheck.parse(check), given)).toEqual({ met: why === '' ? 'yes' : 'no', why })
  })
})

describe('a delivery', () => {
  async function run(results: (number | Error | Answer)[], more = {}) {
    const waits: number[] = []
    const clock = { now: () => 0, sleep: async (ms: number) => void waits.push(ms) }
    const send = async (): Promise<Answer> => {
      const next = results.shift()!
      if (next instanceof Error) throw next
      return typeof next === 'number' ? answer(next) : next
    }
    const notes: string[] = []
    const delivery = deliver(send, retries.parse({ times: 2, ...more }), clock, new AbortController().signal)
    for (;;) {
      const each = await delivery.next()
      if (each.done) return { status: each.value.status, waits, notes }
      notes.push(each.value)
    }
  }
  const down = new ChangeoverError('target.unreachable', 'no answer', '')

  it('tries again what may pass, and waits longer each time', async () => {
    expect(await run([503, down, 200])).toEqual({
      status: 200,
      waits: [500, 1000],
      notes: ['try 1 of 3: it answered 503', 'try 2 of 3: no answer'],
    })
    expect(await run([429, 500, 502])).toMatchObject({ status: 502 })
    await expect(run([down, down, down])).rejects.toBe(down)
  })

  it('waits as long as the answer asks, up to its limit', async () => {
    expect((await run([answer(429, { headers: { 'retry-after': '3' } }), 200])).waits).toEqual([3000])
    expect((await run([answer(429, { headers: { 'retry-after': '99' } }), 200])).waits).toEqual([10_000])
  })

  it.each([400, 404, 409, 501])('does not try %s again', async (status) => {
    expect(await run([status])).toMatchObject({ status, waits: [] })
  })

  it('lets other errors through at once', async () => {
    await expect(run([new Error('stopped')])).rejects.toThrow('stopped')
  })
})

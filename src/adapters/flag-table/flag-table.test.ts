import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../core/kind.ts'
import { type PostgresServer, postgresSources, startPostgres } from '../../testing/postgres.ts'
import { flagTable } from './index.ts'

const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', owner: 'ü' }
const who = { by: 'ann', why: 'a trial' }

const { found, missing } = postgresSources()
for (const [source, reason] of Object.entries(missing)) console.warn(`skipped: PostgreSQL (${source}): ${reason}`)

describe.each(found)('flags in a table of %s', (source) => {
  let server: PostgresServer
  const stop = new AbortController()
  const targets: Target<'flags'>[] = []
  const open = async (name: string): Promise<Target<'flags'>> => {
    const target = await flagTable.open(
      { url: server.url(), name },
      { run: 'r', fence: 1, base: '/', signal: stop.signal },
    )
    targets.push(target)
    return target
  }
  beforeAll(async () => {
    server = await startPostgres({ source })
  })
  afterAll(async () => {
    stop.abort()
    await Promise.all(targets.map((target) => target.close()))
    await server.stop()
  })

  it('is empty before it is made, and keeps flags, order and history', async () => {
    const first = await open('first')
    const { write } = first
    expect(await write.read()).toEqual({ document: { flags: {} }, version: '0' })
    expect(await write.history()).toEqual([])
    const one = await write.change({ zeta: flag, alpha: flag }, '0', who)
    const two = await write.change({ zeta: { ...flag, state: 'DISABLED' } }, one, who)
    expect(await write.change({ zeta: { ...flag, state: 'DISABLED' } }, two, who)).toBe(two)
    expect(Object.keys((await first.observe()).flags)).toEqual(['zeta', 'alpha'])
    await write.change({ alpha: null }, two, { by: 'bob', why: 'gone' })
    const all = await write.history()
    expect(all.map(({ by, flag: name, after }) => [by, name, after === null])).toEqual([
      ['bob', 'alpha', true],
      ['ann', 'zeta', false],
      ['ann', 'alpha', false],
      ['ann', 'zeta', false],
    ])
    expect(await write.history('zeta', 1)).toHaveLength(1)
    expect(await (await open('other')).read.read()).toMatchObject({ version: '0' })
  })

  it('of several operators at once lets one win, and loses no change of those who try again', async () => {
    const write = async (name: string): Promise<number> => {
      const target = await open('busy')
      for (let refusals = 0; ; refusals++) {
        const { version } = await target.read.read()
        try {
          await target.write.change({ [name]: flag }, version, who)
          return refusals
        } catch (error) {
          expect(error).toMatchObject({ code: 'target.conflict' })
        }
      }
    }
    const names = Array.from({ length: 8 }, (_, at) => `flag-${at}`)
    await Promise.all(names.map(write))
    const target = await open('busy')
    expect(Object.keys((await target.observe()).flags).toSorted()).toEqual(names)
    expect(await target.read.history()).toHaveLength(8)
  })

  it('refuses what is no flag, and writes nothing', async () => {
    const { write } = await open('bad')
    await expect(write.change({ a: { state: 'ON' } }, '0', who)).rejects.toMatchObject({ code: 'flags.invalid' })
    expect(await write.read()).toMatchObject({ version: '0' })
  })

  it('tells every server of a change, and only of its own set', async () => {
    const [here, there] = [await open('told'), await open('told')]
    const heard: string[] = []
    await here.read.watch(() => heard.push('here'), stop.signal)
    await there.read.watch(() => heard.push('there'), stop.signal)
    const other = await open('untold')
    await other.write.change({ a: flag }, '0', who)
    await here.write.change({ a: flag }, '0', who)
    while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(heard.toSorted()).toEqual(['here', 'there'])
  })
})

it('names no url in what it says', async () => {
  const target = await flagTable.open(
    { url: 'postgres://app:geheim@127.0.0.1:1/app' },
    { run: 'r', fence: 1, base: '/', signal: new AbortController().signal },
  )
  const failed = await target.observe().catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 'target.unreachable' })
  expect(String(failed)).not.toContain('geheim')
  await target.close()
})

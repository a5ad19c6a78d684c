import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../core/kind.ts'
import { flagStoreChecks, type PostgresServer, postgresSources, startPostgres } from '../../testing/index.ts'
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

  for (const check of flagStoreChecks({ open })) it(check.name, () => check.run())

  it('is empty before it is made, and a set is only its own', async () => {
    const { write } = await open('first')
    expect(await write.read()).toEqual({ document: { flags: {} }, version: '0' })
    expect(await write.history()).toEqual([])
    await write.change({ zeta: flag }, '0', who)
    expect(await (await open('other')).read.read()).toMatchObject({ version: '0' })
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

/** The most memory the tool needs (resident set of the whole process, threads and all) for 200,000 rows and for five times as many. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { type Orders, planned } from './rig/kind.ts'
import { documentLens, sqlLens, typescriptLens } from './rig/lenses.ts'
import { createTarget, reset, type Rig, seed, startRig } from './rig/server.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rows: { type: 'string', default: '1000000' } },
})
const large = Number(values.rows)
const small = Math.round(large / 5)
const limitBytes = 300 * 1024 * 1024
const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`)

/** Runs the step in a process of its own, as the tool would; the peak that the kernel noted for it, in bytes. */
async function peak(orders: Orders): Promise<number> {
  const tool = fork(new URL('./rig/tool.mjs', import.meta.url), [JSON.stringify(orders)], { execArgv: [] })
  const [answer] = (await once(tool, 'message')) as [{ peak: number }]
  await once(tool, 'exit')
  return answer.peak
}

async function measure(rig: Rig, table: string, lens: typeof sqlLens, hands: number, path?: string): Promise<number> {
  await reset(rig)
  return peak(await planned(rig.url, { table, into: 'users_v4', lens, hands }, path))
}

const rig = await startRig()
try {
  await seed(rig, large)
  await seed(rig, small, 'fewer_users')
  await createTarget(rig)
  const figures: { [name: string]: number } = {}
  const ways = [
    ['sql', sqlLens, 2, undefined],
    ['typescript-1', typescriptLens, 1, undefined],
    ['typescript-2', typescriptLens, 2, undefined],
    ['document-2', documentLens, 2, undefined],
    ['document-join', documentLens, 2, 'join'],
  ] as const
  for (const [name, lens, hands, path] of ways) {
    const few = await measure(rig, 'fewer_users', lens, hands, path)
    const many = await measure(rig, 'users', lens, hands, path)
    Object.assign(figures, { [`${name}-${small}`]: few, [`${name}-${large}`]: many })
    const verdict = many <= limitBytes ? 'within 300 MB' : 'MISSED 300 MB'
    say(`${name.padEnd(14)} ${megabytes(few)} for ${small} rows, ${megabytes(many)} for ${large}: ${verdict}`)
  }
  const most = Math.max(...Object.values(figures))
  if (values.json)
    console.log(JSON.stringify({ bench: 'memory', figures, most, limit: limitBytes, within: most <= limitBytes }))
} finally {
  await rig.stop()
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`.padStart(7)
}

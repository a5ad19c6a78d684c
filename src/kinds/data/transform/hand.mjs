/** For transform.test.ts: a process that takes part in the labour of a step, until it is done or killed. Uses what ships. */
import { postgres } from '../../../../dist/adapters/postgres/index.js'
import { dataTransform } from '../../../../dist/kinds/data/transform/index.js'

const { url, work } = JSON.parse(process.argv[2])
const signal = new AbortController().signal
const target = await postgres.open({ url }, { run: 'case-1', fence: 0, base: '/', signal })
process.send('ready')
process.once('message', async () => {
  await dataTransform.labour(work, {
    run: 'case-1',
    step: 'step',
    clock: { now: () => performance.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
    signal,
    quit: signal,
    load: () => Promise.reject(new Error('no function is needed')),
    on: { database: target.write },
    wishes: {},
  })
  await target.close()
  process.disconnect()
})

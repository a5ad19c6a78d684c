/** One process or thread that takes part in a step: opens the target for itself and calls the kind's own verbs, as the engine does. */
import { pathToFileURL } from 'node:url'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { builtinAdapters, builtinKinds } from '../../dist/builtin-labour.js'

const [dataTransform, postgres] = [builtinKinds.get('data.transform'), builtinAdapters.get('postgres')]

export const clock = {
  now: () => performance.timeOrigin + performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = () => (clearTimeout(timer), reject(signal.reason))
      const timer = setTimeout(() => (signal?.removeEventListener('abort', stop), resolve()), ms)
      signal?.addEventListener('abort', stop, { once: true })
    }),
}

/** Opens the target and makes the context that a verb gets. `orders`: url, run, step, work, wishes, base. */
export async function enter(orders, signal = new AbortController().signal, quit = new AbortController().signal) {
  const target = await postgres.open({ url: orders.url }, { run: orders.run, fence: 0, base: orders.base, signal })
  const at = {
    run: orders.run,
    step: orders.step,
    clock,
    signal,
    quit,
    recall: () => undefined,
    load: async (reference) => {
      const [file, name] = reference.split('#')
      return (await import(pathToFileURL(`${orders.base}/${file}`).href))[name]
    },
    plan: { name: 'bench', from: '1', to: '2' },
    on: { database: target.write },
    applied: null,
    approval: undefined,
    wishes: orders.wishes ?? {},
    hire: (hands, where) => hire(orders, at, hands, where),
  }
  return { target, at }
}

function hire(orders, at, hands, where) {
  const quit = new AbortController()
  const one =
    where === 'here'
      ? () => dataTransform.labour(orders.work, { ...at, quit: quit.signal })
      : () => thread(orders, quit.signal)
  const all = Array.from({ length: hands }, one)
  const ended = Promise.all(all).then(() => undefined)
  ended.catch(() => quit.abort())
  return {
    ended,
    dismiss: async () => {
      quit.abort()
      await Promise.allSettled(all)
    },
  }
}

function thread(orders, quit) {
  // Without the loader hooks of the benchmark's own process: threads of the tool that ships have none.
  const worker = new Worker(new URL(import.meta.url), { workerData: { orders }, execArgv: [] })
  quit.addEventListener('abort', () => worker.postMessage('quit'), { once: true })
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))))
  })
}

/** Runs `labour` alone, as `changeover worker` does. */
export async function labour(orders, quit) {
  const { target, at } = await enter(orders, undefined, quit)
  try {
    await dataTransform.labour(orders.work, at)
  } finally {
    await target.close()
  }
}

/** Runs `apply` to its end; the last mark. */
export async function apply(orders) {
  const { target, at } = await enter(orders)
  try {
    let last = null
    for await (const mark of dataTransform.apply(orders.work, at, null)) last = mark
    return last
  } finally {
    await target.close()
  }
}

if (workerData?.orders) {
  const quit = new AbortController()
  parentPort.on('message', () => quit.abort())
  await labour(workerData.orders, quit.signal)
  parentPort.close()
}

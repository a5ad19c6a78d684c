/** A worker thread: opens the targets for itself, does its share of the labour, and says how it ended. Started by `crew.ts` only. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Crew, Roles, Target, Writing } from '../core/index.ts'
import type { Adapters, Kinds } from '../core/kind.ts'
import { systemClock } from './this-process.ts'
import type { Orders, ThreadAnswer } from './crew.ts'
import { loadFunction } from './load.ts'
import { recordOf } from './shift.ts'

async function labour(orders: Orders): Promise<void> {
  const { builtinKinds, builtinAdapters } = (await import(orders.registry)) as {
    builtinKinds: Kinds
    builtinAdapters: Adapters
  }
  const { stop, quit } = listen()
  const opened = new Map<string, Target>()
  try {
    for (const [role, { adapter, config }] of Object.entries(orders.targets)) {
      const found = builtinAdapters.get(adapter)
      if (!found) throw new Error(`no adapter "${adapter}" in a worker thread`)
      const who = { run: orders.run, fence: orders.fence, base: orders.base, signal: stop }
      opened.set(role, (await found.open(found.shape.parse(config), who)) as Target)
    }
    const kind = builtinKinds.get(orders.kind)
    await kind?.labour?.(orders.work, contextOf(orders, opened, stop, quit))
  } finally {
    await Promise.allSettled([...opened.values()].map((target) => target.close()))
  }
}

function listen(): { stop: AbortSignal; quit: AbortSignal } {
  const [stop, quit] = [new AbortController(), new AbortController()]
  parentPort?.on('message', (word: 'quit' | 'stop') => {
    if (word === 'stop') stop.abort(new Error('the step was stopped'))
    quit.abort()
  })
  return { stop: stop.signal, quit: quit.signal }
}

function contextOf(
  orders: Orders,
  opened: ReadonlyMap<string, Target>,
  signal: AbortSignal,
  quit: AbortSignal,
): Writing<Roles> {
  const { run, step, plan, wishes, base } = orders
  return {
    run,
    step,
    plan,
    wishes,
    signal,
    quit,
    clock: systemClock,
    recall: (id) => orders.outputs[id],
    load: (reference) => loadFunction(base, reference),
    on: Object.fromEntries([...opened].map(([role, target]) => [role, target.write])) as Writing<Roles>['on'],
    applied: null,
    approval: undefined,
    hire: (): Crew => {
      throw new Error('a hand hires no hands')
    },
  }
}

function answer(what: ThreadAnswer): void {
  parentPort?.postMessage(what)
}

labour(workerData as Orders).then(
  () => answer({ ended: true }),
  (error: unknown) => answer({ failed: recordOf(error) }),
)

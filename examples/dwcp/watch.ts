/** What goes on beside a run: harm from outside when its step comes, and a clock on how long it takes until no node has a v3 feature. Decides nothing. */
import { readFileSync } from 'node:fs'
import type { Event } from 'changeover'
import { makeWhole, partition } from './distance.ts'
import { pidFile } from './inventory.ts'
import type { FaultName } from './run-faults.ts'
import type { Site } from './site.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const everyMs = 300
const harmAt = 'rollout-week-3-soak'
const partedMs = 15_000

export interface Watch {
  /** When the last node was without v3 features after the run turned back, in milliseconds since 1970; null where it never turned. */
  undoneAt(): Promise<number | null>
  stop(): Promise<void>
}

export function watchRun(site: Site, events: () => Promise<readonly Event[]>, fault: FaultName | null): Watch {
  let isOver = false
  let harm: Promise<void> | null = null
  const watching = (async (): Promise<number | null> => {
    while (!isOver) {
      const seen = await events().catch(() => [])
      const hasBegun = seen.some(
        (each) => each.type === 'step.started' && each.verb === 'apply' && each.step === harmAt,
      )
      if (hasBegun) harm ??= harmOf(site, fault)
      if (seen.some((each) => each.type === 'run.turned' && each.way === 'back')) return untilPlain(site)
      await pause(everyMs)
    }
    return null
  })()
  const stop = async (): Promise<void> => {
    isOver = true
    await watching
    await harm
  }
  return { undoneAt: async () => (await stop(), watching), stop }
}

async function harmOf({ home, nodes, proxy }: Site, fault: FaultName | null): Promise<void> {
  // No canary, and not far.
  const victim = nodes.at(-3)!
  if (fault === 'kill')
    process.kill(Number(readFileSync(pidFile(home, victim.id, 'v3'), 'utf8').split('\n')[0]), 'SIGKILL')
  if (fault !== 'partition') return
  await partition(proxy, [victim.id])
  await pause(partedMs)
  await makeWhole(
    proxy,
    nodes.map(({ id }) => id),
  )
}

/** Asks every node until none has a v3 feature in force; one that does not answer has none. When that was, in milliseconds since 1970. */
export async function untilPlain({ nodes }: Site, patienceMs = 300_000): Promise<number> {
  const waiting = new Set(nodes)
  for (const end = Date.now() + patienceMs; waiting.size > 0; await pause(100)) {
    if (Date.now() > end) throw new Error(`${[...waiting].map(({ id }) => id).join(', ')} still have v3 features`)
    await Promise.all([...waiting].map(async (node) => (await isPlain(node.admin)) && waiting.delete(node)))
  }
  return Date.now()
}

async function isPlain(admin: string): Promise<boolean> {
  try {
    const answer = await fetch(`${admin}/status`, { signal: AbortSignal.timeout(2_000) })
    return ((await answer.json()) as { readonly flags: readonly string[] }).flags.length === 0
  } catch (error) {
    // Busy is not gone.
    return !(error instanceof DOMException)
  }
}

/** One machine after the other goes to the far node and comes back, all the time: otherwise little would be known of the long way. Measures nothing itself. */
import type { NodeAddress } from './inventory.ts'

const restMs = 250
const patienceMs = 20_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export interface Commuter {
  stop(): Promise<void>
}

export function startCommuter(near: readonly NodeAddress[], far: NodeAddress): Commuter {
  let isOver = false
  let turn = 0
  const commuting = (async (): Promise<void> => {
    for (; !isOver; await pause(restMs)) {
      const other = near[turn++ % near.length]!
      // Nodes that are drained or start anew refuse; the next turn is another's.
      if (!(await moveOne(far, other))) await moveOne(other, far)
    }
  })()
  const stop = async (): Promise<void> => {
    isOver = true
    await commuting
  }
  return { stop }
}

/** False where there is nothing to move, or it could not be. */
async function moveOne(from: NodeAddress, to: NodeAddress): Promise<boolean> {
  try {
    const { items } = await ask<{ readonly items: readonly string[] }>(`${from.admin}/machines`)
    const [machine] = items
    if (machine === undefined) return false
    await ask(`${from.admin}/migrate`, { machine, to: to.id })
    return true
  } catch {
    return false
  }
}

async function ask<T>(url: string, body?: object): Promise<T> {
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const answer = await fetch(url, { ...sent, signal: AbortSignal.timeout(patienceMs) })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  return (await answer.json()) as T
}

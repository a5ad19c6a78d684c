/** One machine after the other goes to the far node and comes back, all the time: otherwise little would be known of the long way. Measures nothing itself. */
import { ask } from './ask.ts'
import type { NodeAddress } from './inventory.ts'

const restMs = 250
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

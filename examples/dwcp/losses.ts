/** What each node holds at this moment that v1 could not: what a downgrade would be refused for. Changes nothing. */
import type { NodeAddress } from './inventory.ts'
import { downgrade, type NodeState } from './node/state.ts'

export async function lossesOf(nodes: readonly NodeAddress[]): Promise<readonly string[]> {
  const all = await Promise.all(
    nodes.map(async ({ id, admin }) => {
      const state = (await (await fetch(`${admin}/state`)).json()) as NodeState
      const down = state.version === 'v1' ? null : downgrade(state)
      return down === null || down.done ? [] : down.losses.map((loss) => `${id}: ${loss}`)
    }),
  )
  return all.flat()
}

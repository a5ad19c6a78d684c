/**
 * Machines moved there and back between nodes that share a feature. While few nodes have it, users hardly ever move anything between two of them, and what
 * nothing was done with has not been tried. Judges nothing.
 */
import { ask } from './ask.ts'
import type { NodeAddress } from './inventory.ts'
import type { Feature } from './wire/features.ts'

/** So many pairs, each in both directions. */
const pairs = 3
const patienceMs = 20_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export interface Exercise {
  readonly nodes: readonly string[]
  readonly moves: number
}

/** Throws where less than two nodes have the feature, or a pair moves nothing in 20 s. */
export async function exercise(feature: Feature, nodes: readonly NodeAddress[]): Promise<Exercise> {
  const having = await withFeature(feature, nodes)
  if (having.length < 2)
    throw new Error(`"${feature}" is in force on ${having.length} nodes: nothing can be moved by it`)
  const used = having.slice(0, pairs)
  for (const [at, from] of used.entries()) {
    const to = used[(at + 1) % used.length]!
    await move(from, to)
    await move(to, from)
  }
  return { nodes: used.map(({ id }) => id), moves: 2 * used.length }
}

async function withFeature(feature: Feature, nodes: readonly NodeAddress[]): Promise<readonly NodeAddress[]> {
  const all = await Promise.all(
    nodes.map(async (node) => {
      const { flags } = await ask<{ readonly flags: readonly string[] }>(`${node.admin}/status`)
      return flags.includes(feature) ? [node] : []
    }),
  )
  return all.flat()
}

/** Any machine that is there and not just moved by somebody else. */
async function move(from: NodeAddress, to: NodeAddress): Promise<void> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await pause(50)) {
    const { items } = await ask<{ readonly items: readonly string[] }>(`${from.admin}/machines`)
    for (const machine of items)
      if (
        await ask(`${from.admin}/migrate`, { machine, to: to.id }).then(
          () => true,
          () => false,
        )
      )
        return
  }
  throw new Error(`no machine could be moved from "${from.id}" to "${to.id}" in ${patienceMs / 1_000} s`)
}

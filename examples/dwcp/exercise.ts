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

type Node = Pick<NodeAddress, 'id' | 'admin'>

interface Status {
  /** In force here, and with each peer. */
  readonly flags: readonly string[]
  readonly features: Readonly<Record<string, readonly string[]>>
}
const nobody: Status = { flags: [], features: {} }

export interface Exercise {
  readonly nodes: readonly string[]
  readonly moves: number
}

/** Throws where less than two nodes have the feature, or a pair cannot use it or moves nothing in 20 s. */
export async function exercise(feature: Feature, nodes: readonly Node[]): Promise<Exercise> {
  const used = (await withFeature(feature, nodes)).slice(0, pairs)
  if (used.length < 2) throw new Error(`"${feature}" is in force on ${used.length} nodes: nothing can be moved by it`)
  for (const [at, from] of used.entries()) {
    const to = used[(at + 1) % used.length]!
    await agreed(feature, from, to)
    await agreed(feature, to, from)
    await move(from, to, nodes)
    await move(to, from, nodes)
  }
  return { nodes: used.map(({ id }) => id), moves: 2 * used.length }
}

/** One that does not answer has none. */
async function withFeature(feature: Feature, nodes: readonly Node[]): Promise<readonly Node[]> {
  const all = await Promise.all(
    nodes.map(async (node) => {
      const { flags } = await statusOf(node).catch(() => nobody)
      return flags.includes(feature) ? [node] : []
    }),
  )
  return all.flat()
}

/** Both ends have it, and the first has heard it of the other. */
async function agreed(feature: Feature, of: Node, peer: Node): Promise<void> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await pause(50))
    if ((await statusOf(of)).features[peer.id]?.includes(feature)) return
  throw new Error(`"${of.id}" has not heard that "${peer.id}" has "${feature}", in ${patienceMs / 1_000} s`)
}

const statusOf = ({ admin }: Node): Promise<Status> => ask(`${admin}/status`)

/** A node that has no machine at the moment gets one from another first. Throws after 20 s. */
async function move(from: Node, to: Node, all: readonly Node[]): Promise<void> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await pause(50)) {
    if (await moveOne(from, to)) return
    for (const other of all) if (other.id !== from.id && (await moveOne(other, from))) break
  }
  throw new Error(`no machine could be moved from "${from.id}" to "${to.id}" in ${patienceMs / 1_000} s`)
}

/** Any that is there and not just moved by somebody else; false where there is none. */
async function moveOne(from: Node, to: Node): Promise<boolean> {
  const { items } = await ask<{ readonly items: readonly string[] }>(`${from.admin}/machines`)
  for (const machine of items)
    try {
      await ask(`${from.admin}/migrate`, { machine, to: to.id })
      return true
    } catch {
      // Another is tried.
    }
  return false
}

/** The nodes that a coordinator knows, kept in a file, and when each was last heard. Knows no HTTP. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { FederationNode } from './node.ts'

/** `pending` until the first heartbeat, `inactive` when the last is too old. */
export type NodeStatus = 'pending' | 'active' | 'inactive'

export interface RegisteredNode extends FederationNode {
  readonly status: NodeStatus
  readonly registeredAt: string
}

/** `beat` in milliseconds since 1970, or null. */
interface Known {
  readonly node: FederationNode
  readonly registeredAt: string
  readonly beat: number | null
}

export class Registry {
  readonly #path: string
  readonly #staleMs: number
  readonly #known: Map<string, Known>

  constructor(path: string, staleMs: number) {
    this.#path = path
    this.#staleMs = staleMs
    this.#known = new Map(load(path))
  }

  /** What was registered, or undefined. */
  node(id: string): FederationNode | undefined {
    return this.#known.get(id)?.node
  }

  shown(id: string): RegisteredNode | undefined {
    const known = this.#known.get(id)
    return known && { ...known.node, status: this.#status(known), registeredAt: known.registeredAt }
  }

  all(): readonly RegisteredNode[] {
    return [...this.#known.keys()].map((id) => this.shown(id)!)
  }

  add(node: FederationNode): void {
    this.#known.set(node.nodeId, { node, registeredAt: new Date().toISOString(), beat: null })
    this.#keep()
  }

  remove(id: string): void {
    this.#known.delete(id)
    this.#keep()
  }

  /** Not kept: after a restart the next heartbeat tells. */
  heard(id: string): void {
    const known = this.#known.get(id)
    if (known) this.#known.set(id, { ...known, beat: Date.now() })
  }

  #status(known: Known): NodeStatus {
    if (known.beat === null) return 'pending'
    return Date.now() - known.beat <= this.#staleMs ? 'active' : 'inactive'
  }

  #keep(): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify([...this.#known]))
    renameSync(`${this.#path}.new`, this.#path)
  }
}

function load(path: string): [string, Known][] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as [string, Known][]
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return []
    throw error
  }
}

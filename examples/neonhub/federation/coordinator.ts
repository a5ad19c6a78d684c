/** The coordinator of the federation, a service of its own: nodes register with a token and stay active by heartbeats. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { options, program } from '../service/program.ts'
import { type Asked, Refusal, reply, type Reply, type Route, serve, type Serving } from '../service/serve.ts'
import { type FederationNode, needToken, nodeFrom } from './node.ts'

/** `beat` is when the node was last heard, in milliseconds since 1970. */
interface Known {
  readonly node: FederationNode
  readonly registeredAt: string
  readonly beat: number | null
}

export interface CoordinatorOptions {
  readonly port: number
  readonly token: string
  /** Where the nodes outlive a restart. */
  readonly state: string
  /** Without a heartbeat for this long a node is inactive. */
  readonly staleMs?: number
}

export async function startCoordinator(given: CoordinatorOptions): Promise<Serving> {
  const known = new Map<string, Known>(load(given.state))
  const staleMs = given.staleMs ?? 10_000
  const keep = (): void => {
    writeFileSync(`${given.state}.new`, JSON.stringify([...known]))
    renameSync(`${given.state}.new`, given.state)
  }
  const shown = (each: Known) => ({
    ...each.node,
    status: statusOf(each, Date.now(), staleMs),
    registeredAt: each.registeredAt,
  })
  const find = (asked: Asked): Known => {
    const found = known.get(asked.params['id'] ?? '')
    if (!found) throw new Refusal(404, 'there is no such node')
    return found
  }

  const register = (asked: Asked): Reply => {
    needToken(asked, given.token)
    const node = nodeFrom(asked.body)
    const before = known.get(node.nodeId)
    if (before && !isDeepStrictEqual(before.node, node))
      throw new Refusal(409, 'a node with this nodeId is registered and says otherwise')
    if (!before) {
      known.set(node.nodeId, { node, registeredAt: new Date().toISOString(), beat: null })
      keep()
    }
    return reply(shown(known.get(node.nodeId)!), before ? 200 : 201)
  }
  const remove = (asked: Asked): Reply => {
    needToken(asked, given.token)
    const { node } = find(asked)
    known.delete(node.nodeId)
    keep()
    return reply({ removed: node.nodeId })
  }
  const heartbeat = (asked: Asked): Reply => {
    needToken(asked, given.token)
    const found = find(asked)
    known.set(found.node.nodeId, { ...found, beat: Date.now() })
    return reply(shown(known.get(found.node.nodeId)!))
  }
  const health = (): Reply => {
    const statuses = [...known.values()].map((each) => shown(each).status)
    const count = (status: string): number => statuses.filter((each) => each === status).length
    const overall = statuses.length === 0 ? 'empty' : count('active') === statuses.length ? 'healthy' : 'degraded'
    return reply({
      overall,
      nodes: { active: count('active'), pending: count('pending'), inactive: count('inactive') },
    })
  }
  const nodes = '/api/v1/federation/nodes'
  const routes: readonly Route[] = [
    ['GET', '/api/v1/federation/health', async () => health()],
    ['GET', nodes, async () => reply({ items: [...known.values()].map(shown) })],
    ['GET', `${nodes}/:id`, async (asked) => reply(shown(find(asked)))],
    ['POST', nodes, async (asked) => register(asked)],
    ['DELETE', `${nodes}/:id`, async (asked) => remove(asked)],
    ['POST', `${nodes}/:id/heartbeat`, async (asked) => heartbeat(asked)],
  ]
  return serve({ host: '127.0.0.1', port: given.port, version: 'coordinator', routes })
}

function statusOf(known: Known, now: number, staleMs: number): 'pending' | 'active' | 'inactive' {
  if (known.beat === null) return 'pending'
  return now - known.beat <= staleMs ? 'active' : 'inactive'
}

function load(path: string): [string, Known][] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as [string, Known][]
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return []
    throw error
  }
}

if (process.argv[1] === import.meta.filename) {
  const given = options(['port', 'state', 'stale-ms'])
  await program('coordinator', async () => {
    const token = process.env['FEDERATION_TOKEN']
    if (!token) throw new Error('FEDERATION_TOKEN is not in the environment')
    const staleMs = Number(given['stale-ms'] ?? 10_000)
    return startCoordinator({ port: Number(given.port ?? 0), token, state: given.state ?? 'coordinator.json', staleMs })
  })
}

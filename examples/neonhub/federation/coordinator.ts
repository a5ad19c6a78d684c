/** The coordinator of the federation, a service of its own: nodes register with a token and stay active by heartbeats. */
import { isDeepStrictEqual } from 'node:util'
import { isProgram, options, program } from '../../stage/program.ts'
import { type Asked, Refusal, reply, type Reply, type Route, serve, type Serving } from '../service/serve.ts'
import { needToken, nodeFrom } from './node.ts'
import { type NodeStatus, type RegisteredNode, Registry } from './registry.ts'

export interface CoordinatorOptions {
  readonly port: number
  readonly token: string
  /** Where the nodes outlive a restart. */
  readonly state: string
  /** Without a heartbeat for this long a node is inactive. */
  readonly staleMs?: number
}

export async function startCoordinator(given: CoordinatorOptions): Promise<Serving> {
  const registry = new Registry(given.state, given.staleMs ?? 10_000)
  return serve({ host: '127.0.0.1', port: given.port, version: 'coordinator', routes: routesOf(registry, given.token) })
}

function routesOf(registry: Registry, token: string): readonly Route[] {
  const nodes = '/api/v1/federation/nodes'
  const remove = (asked: Asked): Reply => {
    needToken(asked, token)
    const { nodeId } = find(registry, asked)
    registry.remove(nodeId)
    return reply({ removed: nodeId })
  }
  const heartbeat = (asked: Asked): Reply => {
    needToken(asked, token)
    registry.heard(find(registry, asked).nodeId)
    return reply(find(registry, asked))
  }
  return [
    ['GET', '/api/v1/federation/health', async () => health(registry.all())],
    ['GET', nodes, async () => reply({ items: registry.all() })],
    ['GET', `${nodes}/:id`, async (asked) => reply(find(registry, asked))],
    ['POST', nodes, async (asked) => register(registry, asked, token)],
    ['DELETE', `${nodes}/:id`, async (asked) => remove(asked)],
    ['POST', `${nodes}/:id/heartbeat`, async (asked) => heartbeat(asked)],
  ]
}

/** 201 the first time, 200 when the same is said again, 409 when something else is. */
function register(registry: Registry, asked: Asked, token: string): Reply {
  needToken(asked, token)
  const node = nodeFrom(asked.body)
  const before = registry.node(node.nodeId)
  if (before && !isDeepStrictEqual(before, node)) {
    throw new Refusal(409, 'a node with this nodeId is registered and says otherwise')
  }
  if (!before) registry.add(node)
  return reply(registry.shown(node.nodeId), before ? 200 : 201)
}

function find(registry: Registry, asked: Asked): RegisteredNode {
  const found = registry.shown(asked.params['id'] ?? '')
  if (!found) throw new Refusal(404, 'there is no such node')
  return found
}

function health(nodes: readonly RegisteredNode[]): Reply {
  const count = (status: NodeStatus): number => nodes.filter((each) => each.status === status).length
  const overall = nodes.length === 0 ? 'empty' : count('active') === nodes.length ? 'healthy' : 'degraded'
  return reply({ overall, nodes: { active: count('active'), pending: count('pending'), inactive: count('inactive') } })
}

if (isProgram(import.meta.filename)) {
  const given = options(['port', 'state', 'stale-ms'])
  await program('coordinator', async () => {
    const token = process.env['FEDERATION_TOKEN']
    if (!token) throw new Error('FEDERATION_TOKEN is not in the environment')
    const staleMs = Number(given['stale-ms'] ?? 10_000)
    return startCoordinator({
      port: Number(given.port ?? 0),
      token,
      state: given.state ?? 'coordinator.json',
      staleMs,
    })
  })
}

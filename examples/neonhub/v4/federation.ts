/** The federation as v4 serves it: its nodes, and whether this node takes part. Nodes change only while the federation is enabled. */
import { isDeepStrictEqual } from 'node:util'
import { needToken, nodeFrom } from '../federation/node.ts'
import type { Database } from '../service/database.ts'
import { type Asked, Refusal, reply, type Reply, type Route } from '../service/serve.ts'
import type { Settings } from '../service/settings.ts'
import type { Heard } from './heartbeat.ts'

const node = `jsonb_build_object('nodeId', n.node_id, 'name', n.name, 'region', n.region, 'capabilities', n.capabilities, 'endpoints', n.endpoints,
  'resources', n.resources, 'compliance', n.compliance)`
const shown = `${node} || jsonb_build_object('status', n.status, 'createdAt', n.created_at, 'updatedAt', n.updated_at)`

export function federationRoutes(database: Database, settings: () => Settings, heard: () => Heard): readonly Route[] {
  const permitted = (asked: Asked): void => {
    needToken(asked, settings().secret('FEDERATION_TOKEN'))
    if (!settings().flag('federation.enabled', false)) throw new Refusal(409, 'the federation is disabled')
  }
  const list = `SELECT jsonb_build_object('items', coalesce(jsonb_agg(${shown} ORDER BY n.node_id), '[]')) FROM federation_nodes AS n`
  const one = `SELECT ${shown} FROM federation_nodes AS n WHERE n.node_id = $1`
  const insert = `INSERT INTO federation_nodes (node_id, name, region, capabilities, endpoints, resources, compliance)
    SELECT b->>'nodeId', b->>'name', b->>'region', b->'capabilities', b->'endpoints', b->'resources', b->'compliance' FROM (SELECT $1::jsonb AS b) AS body
    ON CONFLICT (node_id) DO NOTHING RETURNING node_id`
  const remove = `DELETE FROM federation_nodes WHERE node_id = $1 RETURNING jsonb_build_object('removed', node_id)`

  const register = async (asked: Asked): Promise<Reply> => {
    permitted(asked)
    const wanted = nodeFrom(asked.body)
    const made = await database.value(insert, [JSON.stringify(wanted)])
    const there = await database.value(`SELECT ${node} FROM federation_nodes AS n WHERE n.node_id = $1`, [
      wanted.nodeId,
    ])
    if (made === null && !isDeepStrictEqual(JSON.parse(there ?? 'null'), wanted)) {
      throw new Refusal(409, 'a node with this nodeId is registered and says otherwise')
    }
    return database.json(one, [wanted.nodeId], made === null ? 200 : 201)
  }
  return [
    ['GET', '/api/v1/federation/status', async () => status(database, settings(), heard())],
    ['GET', '/api/v1/federation/nodes', async () => database.json(list)],
    ['GET', '/api/v1/federation/nodes/:id', async (asked) => database.json(one, [asked.params['id']])],
    ['POST', '/api/v1/federation/nodes', register],
    [
      'DELETE',
      '/api/v1/federation/nodes/:id',
      async (asked) => {
        permitted(asked)
        return database.json(remove, [asked.params['id']])
      },
    ],
  ]
}

async function status(database: Database, settings: Settings, heard: Heard): Promise<Reply> {
  const enabled = settings.flag('federation.enabled', false)
  const counted = await database.rows<{ status: string; count: number }>(
    'SELECT status, count(*)::int AS count FROM federation_nodes GROUP BY status ORDER BY status',
  )
  const working = heard.reachable && heard.registered === true
  return reply({
    enabled,
    mode: settings.text('federation.mode', enabled ? 'active' : 'migration'),
    nodeId: nodeId(settings),
    overall: enabled ? (working ? 'healthy' : 'degraded') : 'disabled',
    coordinator: enabled ? { url: settings.text('federation.coordinatorUrl', ''), ...heard } : null,
    nodes: {
      total: counted.reduce((sum, each) => sum + each.count, 0),
      byStatus: Object.fromEntries(counted.map((each) => [each.status, each.count])),
    },
  })
}

/** The node that this service speaks for, or null while the federation is off. */
export function nodeId(settings: Settings): string | null {
  return settings.flag('federation.enabled', false) ? settings.text('federation.nodeId') : null
}

/** After a heartbeat was taken: the node's own row, where it has one, is active. */
export function markActive(database: Database, id: string): Promise<unknown> {
  return database.rows(
    `UPDATE federation_nodes SET status = 'active', updated_at = now() WHERE node_id = $1 AND status <> 'active'`,
    [id],
  )
}

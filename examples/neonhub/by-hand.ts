/** The upgrade without Changeover, as far as the tests of the services need it: schema, mirror, rows and configuration, there and back. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { parse, stringify } from 'yaml'
import { federationConfig, schemaDown, schemaUp } from './parts.ts'

/** Leaves the rows as they are: they wait to be transformed. */
export async function upByHand(url: string): Promise<void> {
  await run(url, [schemaUp, read('by-hand.sql')])
}

/** Each row is written once, so that the mirror fills its other side. */
export async function transformByHand(url: string): Promise<void> {
  await run(url, ['UPDATE users SET id = id', 'UPDATE models SET id = id'])
}

export async function downByHand(url: string): Promise<void> {
  await run(url, [read('by-hand-down.sql'), schemaDown])
}

/** Makes a file of v3 or v4 one of v4. With a coordinator the federation is on. Comments are lost: by hand it is not done better. */
export function rewriteByHand(path: string, coordinator: string | null, to = path): void {
  const { database, api } = parse(readFileSync(path, 'utf8')) as { database: object; api: Record<string, unknown> }
  const { ssl: _ssl, ...rest } = api
  const of = federationConfig(coordinator ?? '')
  const on = {
    enabled: true,
    mode: 'active',
    nodeId: of['federation.nodeId'],
    coordinatorUrl: coordinator,
    discovery: { heartbeatInterval: 0.2, reconnectDelay: 0.1 },
  }
  const tree = {
    database,
    api: { ...rest, tls: { enabled: false, certPath: 'certs/server.crt', keyPath: 'certs/server.key' } },
    aix: { enabled: coordinator !== null },
    federation: coordinator === null ? { enabled: false, mode: 'migration' } : on,
    compliance: { gdpr: { enabled: true }, ccpa: { enabled: true } },
  }
  writeFileSync(to, stringify(tree))
}

function read(file: string): string {
  return readFileSync(join(import.meta.dirname, file), 'utf8')
}

async function run(url: string, scripts: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const script of scripts) await client.query(script)
  } finally {
    await client.end()
  }
}

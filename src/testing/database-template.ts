/** Fresh databases of one server, made quickly from a template. Knows nothing of what is in them. */
import type { PostgresServer } from './postgres.ts'

let templates = 0

/** Databases of one server made from a template: `make` once with the set-up, then each call is a fresh copy (some 50 ms). */
export async function databaseTemplate(
  server: PostgresServer,
  setUp: string,
): Promise<() => Promise<{ readonly url: string; readonly drop: () => Promise<void> }>> {
  const { Client } = (await import('pg')).default
  const admin = async (text: string, database = 'postgres') => {
    const client = new Client({ connectionString: server.url(database) })
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
  const id = templates++
  const template = `template_${id}`
  await admin(`CREATE DATABASE ${template}`)
  if (setUp.trim() !== '') await admin(setUp, template)
  let count = 0
  return async () => {
    const name = `case_${id}_${++count}`
    await admin(`CREATE DATABASE ${name} TEMPLATE ${template}`)
    return { url: server.url(name), drop: () => admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
  }
}

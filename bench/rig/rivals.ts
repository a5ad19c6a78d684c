/** What the kind is measured against: the server's own SQL as the ceiling, and the ways that people write by hand. On plain `pg`. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import { users } from './lens.mjs'
import { computed, targetColumns } from './lenses.ts'
import type { Rig } from './server.ts'

async function sessions<T>(
  rig: Rig,
  count: number,
  body: (client: pg.Client, index: number) => Promise<T>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const client = new pg.Client({ connectionString: rig.url })
      await client.connect()
      await body(client, index)
      await client.end()
    }),
  )
}

/** Ranges of 10,000 keys, one after another, each by whichever session is free. */
async function byRanges(
  rig: Rig,
  rows: number,
  cores: number,
  body: (client: pg.Client, low: number, high: number) => Promise<void>,
): Promise<void> {
  let next = 0
  await sessions(rig, cores, async (client) => {
    for (;;) {
      const low = next
      next += 10_000
      if (low >= rows) return
      await body(client, low, Math.min(low + 10_000, rows))
    }
  })
}

/**
 * Chunks of 10,000 keys, each its own transaction, over as many sessions as cores: no claim, no checkpoint, no hash.
 * `again`: with ON CONFLICT DO NOTHING, as one must write who has no checkpoint and may be stopped. That is the fair ceiling: it can go on
 * after a crash, as the kind can. Without it a chunk that was done already fails the script.
 */
export async function ceiling(rig: Rig, rows: number, cores: number, again = ''): Promise<void> {
  await byRanges(rig, rows, cores, async (client, low, high) => {
    await client.query(
      `INSERT INTO users_v4 (${targetColumns}) SELECT ${computed} FROM users s WHERE s.id > ${low} AND s.id <= ${high}${again}`,
    )
  })
}

/**
 * The same rows as bytes through this process and back, unchanged, two at a time: what it costs to leave the server at all, without
 * parsing, lens or checkpoint. No method that computes outside of the server can be faster.
 */
export async function through(rig: Rig, rows: number, cores: number): Promise<void> {
  await byRanges(rig, rows, cores, async (client, low, high) => {
    const range = `id > ${low} AND id <= ${high}`
    const blocks: Buffer[] = []
    const out = client.query(to(`COPY (SELECT * FROM users WHERE ${range}) TO STDOUT (FORMAT binary)`))
    for await (const block of out as AsyncIterable<Buffer>) blocks.push(block)
    await pipeline(Readable.from(blocks), client.query(from('COPY users_same FROM STDIN (FORMAT binary)')))
  })
}

interface Old {
  readonly id: string
  readonly email: string
  readonly active: boolean
  readonly name: string
  readonly created_at: string
  readonly profile: Record<string, unknown>
}

const raw = {
  getTypeParser: (type: number) => (type === 3802 ? JSON.parse : type === 16 ? (text: string) => text === 't' : String),
}

function forward(row: Old): readonly unknown[] {
  const made = users.forward(row)
  return [row.id, row.email, row.created_at, made.status, made.first_name, made.last_name, JSON.stringify(made.profile)]
}

async function read(client: pg.Client, low: string, many: number): Promise<readonly Old[]> {
  const query = {
    text: 'SELECT id, email, active, name, created_at, profile FROM users WHERE id > $1 ORDER BY id LIMIT $2',
    values: [low, many],
    types: raw,
  }
  return (await client.query(query as pg.QueryConfig)).rows as Old[]
}

/** Batches of 5,000 read by key, mapped here, written with unnest: the usual batch job, one connection. */
export async function unnestBatches(rig: Rig, rows: number): Promise<void> {
  const types = ['bigint', 'text', 'timestamptz', 'text', 'text', 'text', 'jsonb']
  const lists = types.map((type, index) => `$${index + 1}::text[]::${type}[]`).join(', ')
  await sessions(rig, 1, async (client) => {
    for (let low = '0', done = 0; done < rows;) {
      const batch = await read(client, low, Math.min(5000, rows - done))
      const made = batch.map(forward)
      await client.query(
        `INSERT INTO users_v4 (${targetColumns}) SELECT * FROM unnest(${lists})`,
        types.map((_, column) => made.map((row) => row[column])),
      )
      low = batch.at(-1)?.id ?? low
      done += batch.length
    }
  })
}

/** One INSERT a row, one transaction each: the usual first script. */
export async function rowByRow(rig: Rig, rows: number): Promise<void> {
  await sessions(rig, 1, async (client) => {
    const text = `INSERT INTO users_v4 (${targetColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7)`
    for (const row of await read(client, '0', rows)) await client.query(text, [...forward(row)])
  })
}

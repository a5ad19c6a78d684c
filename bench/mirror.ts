/** What a mirror costs a writer, how long writers wait when it is put up and taken down under load, and in whole runs of NeonHub. */
import { parseArgs } from 'node:util'
import pg from 'pg'
import { postgres, postgresDialect } from '../src/adapters/postgres/index.ts'
import type { Json } from '../src/core/json.ts'
import { dataMirror } from '../src/kinds/data/mirror/index.ts'
import { type PostgresServer, startPostgres } from '../src/testing/postgres.ts'
import { type MirrorFigures, printFigures } from './rig/mirror-figures.ts'
import { median } from './rig/rounds.ts'
import { wholeRuns } from './rig/whole-run.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rows: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    installs: { type: 'string', default: '20' },
    runs: { type: 'string', default: '20' },
    users: { type: 'string', default: '100000' },
  },
})
const [rows, rounds, installs] = [Number(values.rows), Number(values.rounds), Number(values.installs)]
const [runs, users] = [Number(values.runs), Number(values.users)]
const sessions = 4
const updates = 500

/** The same rows four times: without a mirror, with both shapes in one row, and in two tables; the fourth gives the load for the pause. */
const tables = (count: number): string =>
  ['plain', 'inrow', 'apart', 'busy']
    .map(
      (name) => `
  CREATE TABLE ${name} (id int PRIMARY KEY, email text, consent_given boolean NOT NULL DEFAULT false, profile jsonb, consent_records jsonb) WITH (fillfactor = 70);
  INSERT INTO ${name} (id, email, consent_given, profile)
    SELECT g, 'user' || g || '@example.org', g % 2 = 0, jsonb_build_object('bio', repeat('x', 200), 'n', g) FROM generate_series(1, ${count}) g;`,
    )
    .join('') +
  `CREATE TABLE apart_v4 (id int PRIMARY KEY, email text, profile jsonb, consent_records jsonb); VACUUM ANALYZE;`

const consent = {
  op: 'object',
  to: 'consent_records',
  fields: {
    version: { constant: '4.0' },
    consentGiven: { from: 'consent_given' },
    timestamp: { now: true },
    scope: { constant: ['federated_learning'] },
  },
}

const flip = (table: string): string => `UPDATE ${table} SET consent_given = NOT consent_given WHERE id = $1`
const back = (table: string): string =>
  `UPDATE ${table} SET consent_records = jsonb_set(coalesce(consent_records, '{"consentGiven": true}'), '{consentGiven}', to_jsonb(id % 3 = 0)) WHERE id = $1`

/** Writers' statements: those of one family change the same column. */
const singles = {
  'old side: no mirror': flip('plain'),
  'old side: one row': flip('inrow'),
  'old side: two tables': flip('apart'),
  'new side: no mirror': back('plain'),
  'new side: one row': back('inrow'),
} as const

async function main(): Promise<void> {
  const server = await startPostgres({
    settings: { shared_buffers: '512MB', max_wal_size: '4GB', checkpoint_timeout: '30min' },
  })
  try {
    const admin = await connect(server)
    for (const text of tables(rows).split(';')) if (text.trim() !== '') await admin.query(text)
    const database = await postgres.open(
      { url: server.url() },
      { run: 'bench', fence: 1, base: '/', signal: new AbortController().signal },
    )
    const mirror = await mirrorOn(database)
    for (const spec of [
      { table: 'inrow', lens: [consent] },
      { table: 'apart', into: 'apart_v4', lens: [consent] },
    ])
      await run((await mirror(spec)).apply())
    const writers = await writersCost(server)
    const bulk = await bulkCost(admin)
    const pause = await pauses(server, await mirror({ table: 'busy', lens: [consent] }))
    await database.close()
    await admin.end()
    await server.stop()
    const whole = runs > 0 ? await wholeRuns(runs, users) : null
    const figures: MirrorFigures = { server: server.version, rows, rounds, sessions, writers, bulk, pause, whole }
    if (values.json) console.log(JSON.stringify(figures))
    else printFigures(figures)
  } finally {
    await server.stop()
  }
}

async function connect(server: PostgresServer): Promise<pg.Client> {
  const client = new pg.Client(server.url())
  await client.connect()
  return client
}

type Database = Awaited<ReturnType<typeof postgres.open>>

async function mirrorOn(database: Database) {
  await database.fence()
  return async (spec: Json) => {
    const facts = { database: await database.observe() }
    const { work } = dataMirror.plan(dataMirror.spec.parse(spec), {
      facts,
      tools: { database: postgresDialect },
      targets: { database: 'bench' },
    })
    const clock = {
      now: () => performance.now(),
      sleep: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
    }
    const at = {
      run: 'bench',
      step: 'mirror',
      clock,
      signal: new AbortController().signal,
      on: { database: database.write },
      applied: null,
    } as never
    return { apply: () => dataMirror.apply(work, at, null), rollback: () => dataMirror.rollback(work, at, null) }
  }
}

async function run(verb: AsyncIterable<unknown>): Promise<number> {
  let marks = 0
  for await (const mark of verb) if (mark !== undefined) marks += 1
  return marks
}

/** Updates a second of each statement, over several sessions, in interleaved rounds. Commits are not waited for: it is the trigger that is measured. */
async function writersCost(server: PostgresServer) {
  const clients = await Promise.all(Array.from({ length: sessions }, () => connect(server)))
  for (const client of clients) await client.query('SET synchronous_commit = off')
  const measured = new Map<string, number[]>(Object.keys(singles).map((name) => [name, []]))
  let seed = 1
  const next = (): number => (seed = (seed * 48_271) % 2_147_483_647) % rows
  for (let round = 0; round <= rounds; round++) {
    for (const [name, text] of Object.entries(singles)) {
      const started = performance.now()
      await Promise.all(
        clients.map(async (client) => {
          for (let done = 0; done < updates; done++) await client.query({ name, text, values: [1 + next()] })
        }),
      )
      // The first round prepares statements and fills caches.
      if (round > 0) measured.get(name)!.push((sessions * updates * 1000) / (performance.now() - started))
    }
  }
  await Promise.all(clients.map((client) => client.end()))
  return ratios(measured)
}

async function bulkCost(admin: pg.Client) {
  const measured = new Map<string, number[]>()
  for (let round = 0; round <= Math.min(3, rounds); round++) {
    for (const [name, table] of [
      ['old side: no mirror', 'plain'],
      ['old side: one row', 'inrow'],
      ['old side: two tables', 'apart'],
    ] as const) {
      const count = Math.min(rows, 20_000)
      const started = performance.now()
      await admin.query(`UPDATE ${table} SET consent_given = NOT consent_given WHERE id <= ${count}`)
      if (round > 0) measured.set(name, [...(measured.get(name) ?? []), (count * 1000) / (performance.now() - started)])
    }
    await admin.query('VACUUM plain, inrow, apart, apart_v4')
  }
  return ratios(measured)
}

function ratios(measured: ReadonlyMap<string, readonly number[]>) {
  return Object.fromEntries(
    [...measured].map(([name, each]) => {
      const base = measured.get(`${name.split(':')[0]}: no mirror`)!
      return [
        name,
        {
          perSecond: Math.round(median(each)),
          ofPlain: Number(median(each.map((value, at) => value / base[at]!)).toFixed(3)),
        },
      ]
    }),
  )
}

/** The longest write of any client around each install and each removal, and around as many moments where nothing happens. */
async function pauses(
  server: PostgresServer,
  mirror: { apply(): AsyncIterable<unknown>; rollback(): AsyncIterable<unknown> },
) {
  const writes: { readonly from: number; readonly ms: number }[] = []
  let going = true
  const load = Array.from({ length: sessions }, async (_, place) => {
    const client = await connect(server)
    for (let at = place; going; at++) {
      const from = performance.now()
      await client.query({ name: 'flip', text: flip('busy'), values: [1 + ((at * 7919) % rows)] })
      writes.push({ from, ms: performance.now() - from })
    }
    await client.end()
  })
  const found = { install: [] as number[], removal: [] as number[], nothing: [] as number[] }
  const window = async (verb?: () => AsyncIterable<unknown>): Promise<number> => {
    const from = performance.now()
    if (verb) await run(verb())
    await new Promise((resolve) => setTimeout(resolve, 120))
    const to = performance.now()
    return Math.max(0, ...writes.filter((each) => each.from + each.ms > from && each.from < to).map((each) => each.ms))
  }
  for (let at = 0; at < installs; at++) {
    found.nothing.push(await window())
    found.install.push(await window(() => mirror.apply()))
    found.removal.push(await window(() => mirror.rollback()))
  }
  going = false
  await Promise.all(load)
  const shown = (each: readonly number[]) => ({
    medianMs: Number(median(each).toFixed(1)),
    p99Ms: Number(Math.max(...each).toFixed(1)),
  })
  return {
    of: installs,
    writes: writes.length,
    install: shown(found.install),
    removal: shown(found.removal),
    nothing: shown(found.nothing),
  }
}

await main()

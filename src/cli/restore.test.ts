import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../../test/cli/command.ts'
import { type PostgresServer, postgresSources, startPostgres } from '../testing/postgres.ts'

const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing))
  console.warn(`restore was not tried on the ${source} PostgreSQL: ${why}`)

const planText = `name: shop
from: "1"
to: "2"
targets:
  db: { adapter: postgres, config: { url: "\${DATABASE_URL}" } }
  app: { adapter: files, config: { folder: app } }
  store: { adapter: files, config: { folder: . } }
steps:
  - { id: dump, kind: backup.database, on: { source: db, store: store }, spec: { under: backups } }
  - { id: copy, kind: backup.database, on: { source: db, store: store }, spec: { under: backups, with: copy } }
  - { id: files, kind: backup.files, on: { source: app, store: store }, spec: { take: { configuration: ["*.yaml"] }, into: backups } }
`

describe.each(found)('restore on the %s PostgreSQL', (source) => {
  let server: PostgresServer
  let place: Place
  const sql = async (database: string, text: string): Promise<readonly unknown[]> => {
    const client = new pg.Client({ connectionString: server.url(database) })
    await client.connect()
    return (await client.query(text).finally(() => client.end())).rows
  }
  const folderOf = (step: string) =>
    join('backups', readdirSync(join(place.folder, 'backups')).find((each) => each.endsWith(`-${step}`)) ?? '')

  beforeAll(async () => {
    server = await startPostgres({ source })
    await sql(
      'postgres',
      `CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL); INSERT INTO users SELECT g, 'n' || g FROM generate_series(1, 1200) g;
       CREATE POLICY own ON users USING (id > 0); ALTER TABLE users ENABLE ROW LEVEL SECURITY`,
    )
    place = makePlace({ DATABASE_URL: server.url() })
    place.write('changeover.yaml', planText)
    mkdirSync(join(place.folder, 'app'))
    writeFileSync(join(place.folder, 'app', 'shop.yaml'), 'port: 80\n')
    const run = await place.run('run', '--yes')
    expect([run.err, run.code]).toEqual(['', 0])
    // What a person wants back.
    await sql('postgres', 'DELETE FROM users WHERE id > 3')
  })
  afterAll(async () => {
    place?.remove()
    await server?.stop()
  })

  test.each(['dump', 'copy'])('brings the tables of the backup "%s" back into an empty database', async (step) => {
    await sql('postgres', `CREATE DATABASE again_${step}`)
    const into = { RESTORED_URL: server.url(`again_${step}`) }
    const done = await place.runWith(into)('restore', folderOf(step), '--into', '${RESTORED_URL}')
    expect([done.code, done.out.split('\n')[0]]).toEqual([
      0,
      `restored: 1 table with 1,200 rows in "again_${step}", each equal to what was saved`,
    ])
    expect(done.err).toContain(`made by step "${step}" of shop-1-`)
    expect(
      await sql(
        `again_${step}`,
        `SELECT count(*)::int AS rows, min(name) AS first, bool_and(relrowsecurity) AS secured FROM users, pg_class WHERE relname = 'users'`,
      ),
    ).toEqual([{ rows: 1200, first: 'n1', secured: true }])
    const again = await place.runWith(into)('restore', folderOf(step), '--into', '${RESTORED_URL}', '--json')
    expect([again.code, again.out]).toEqual([2, expect.stringContaining('has a table public.users already')])
  })

  test('brings files back into a new folder, and writes over nothing', async () => {
    const done = await place.run('restore', folderOf('files'), '--into', 'before', '--json')
    expect([done.code, JSON.parse(done.out)]).toMatchObject([0, { files: ['shop.yaml'] }])
    expect(readFileSync(join(place.folder, 'before', 'shop.yaml'), 'utf8')).toBe('port: 80\n')
    const again = await place.run('restore', folderOf('files'), '--into', 'before')
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('is not empty, and nothing is written over')])
  })

  test('refuses what is no backup, is damaged, or has no place to go', async () => {
    await sql('postgres', 'CREATE DATABASE never')
    const never = server.url('never')
    const refused = async (...words: string[]) => {
      const { code, err } = await place.run('restore', ...words)
      return [code, err.split('\n').find((line) => line.startsWith('error'))]
    }
    expect(await refused()).toEqual([2, 'error  restore needs the folder of a backup, and where it shall go'])
    expect(await refused('app', '--into', never)).toEqual([1, 'error  "app" holds no whole backup'])
    expect(await refused(folderOf('copy'), '--into', '${NOWHERE}')).toEqual([
      1,
      'error  "NOWHERE" is not in the environment',
    ])
    appendFileSync(join(place.folder, folderOf('copy'), 'definitions.json'), ' ')
    const [code, line] = await refused(folderOf('copy'), '--into', never)
    expect([code, line]).toEqual([1, expect.stringMatching(/^error {2}".*definitions.json" (is|has) /)])
    expect(await sql('never', `SELECT count(*)::int AS n FROM pg_class WHERE relname = 'users'`)).toEqual([{ n: 0 }])
  })

  // The page's other programs come with the system's server, and only with it.
  if (source !== 'system') return
  test('does what the page on backups says, line by line', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/backups.md'), 'utf8')
    const lines = [...page.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'))
    const at = new URL(server.url('shop_restored'))
    const client = { PGHOST: at.hostname, PGPORT: at.port, PGUSER: at.username, PATH: process.env['PATH'] }
    const env: { [name: string]: string } = {}
    const said: string[] = []
    rmSync(join(place.folder, 'before'), { recursive: true, force: true })
    for (const line of lines) {
      const [program = '', ...rest] = line
        .replace(/shop-1-a3f2-(\w+)/, (_, step) => basename(folderOf(step === 'backup' ? 'dump' : step)))
        .replace('admin@localhost', `${at.username}@${at.host}`)
        .replaceAll("'", '')
        .split(' ')
      if (program === 'export') {
        const [name = '', value = ''] = rest.join(' ').split(/=(.*)/)
        env[name] = value
      } else if (program === 'changeover') {
        const { code, out, err } = await place.runWith(env)(...rest)
        expect([line, code, err]).toEqual([line, 0, expect.any(String)])
        said.push(out)
      } else said.push(execFileSync(program, rest, { env: client, encoding: 'utf8' }))
    }
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'createdb',
      'export',
      'changeover',
      'pg_dump',
      'changeover',
    ])
    expect(said[2]).toContain('\n1200\tn1200\n')
    expect(readFileSync(join(place.folder, 'before', 'shop.yaml'), 'utf8')).toBe('port: 80\n')
  })
})

/** What the README shows is run as it stands. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseTemplate, type PostgresServer, postgresSources, startPostgres } from '../src/testing/index.ts'

const project = join(import.meta.dirname, '..')
const readme = readFileSync(join(project, 'README.md'), 'utf8')
const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing)) console.warn(`not on the ${source} server: ${why}`)

describe.each(found)('the plan of the README, on the %s PostgreSQL', (source) => {
  let server: PostgresServer
  let url: string
  const folder = mkdtempSync(join(tmpdir(), 'changeover-readme-'))
  beforeAll(async () => {
    server = await startPostgres({ source })
    const names =
      'CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, first text NOT NULL, last text NOT NULL);'
    const rows = `INSERT INTO users (first, last) SELECT 'First' || i, 'Last' || i FROM generate_series(1, 5000) AS i`
    const database = await (await databaseTemplate(server, `${names} ${rows}`))()
    url = database.url
    writeFileSync(join(folder, 'changeover.yaml'), /```yaml\n(name: shop\n.*?)```/s.exec(readme)?.[1] ?? '')
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const changeover = (...words: readonly string[]) => {
    const env = { ...process.env, DATABASE_URL: url }
    const done = spawnSync(process.execPath, [join(project, 'dist/cli/main.js'), ...words], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    return { code: done.status, said: `${done.stdout}${done.stderr}` }
  }
  const sql = async (text: string) => {
    const { Client } = (await import('pg')).default
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text)).rows
    } finally {
      await client.end()
    }
  }

  it('is planned, run, mirrored both ways, looked at and rolled back', { timeout: 240_000 }, async () => {
    const planned = changeover('plan')
    expect([planned.code, planned.code === 0 ? '' : planned.said]).toEqual([0, ''])
    for (const step of ['backup', 'column', 'mirror', 'fill', 'compare']) expect(planned.said).toContain(step)
    const ran = changeover('run', '--yes')
    expect([ran.code, ran.code === 0 ? '' : ran.said]).toEqual([0, ''])
    expect(await sql('SELECT full_name FROM users WHERE id = 7')).toEqual([{ full_name: 'First7 Last7' }])
    await sql("UPDATE users SET last = 'Changed' WHERE id = 7")
    expect(await sql('SELECT full_name FROM users WHERE id = 7')).toEqual([{ full_name: 'First7 Changed' }])
    await sql("UPDATE users SET full_name = 'New Name' WHERE id = 8")
    expect(await sql('SELECT first, last FROM users WHERE id = 8')).toEqual([{ first: 'New', last: 'Name' }])
    expect(changeover('status').said).toContain('done')
    expect(changeover('verify').code).toBe(0)
    const back = changeover('rollback', '--yes')
    expect([back.code, back.code === 5 ? '' : back.said]).toEqual([5, ''])
    expect(await sql('SELECT * FROM users WHERE id = 8')).toEqual([{ id: '8', first: 'New', last: 'Name' }])
    expect(await sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'changeover%'")).toEqual([])
  })
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { makePlace } from '../../test/cli/command.ts'
import { startPostgres } from '../testing/postgres.ts'
import { commands, wordOf } from './command-table.ts'

const docs = join(import.meta.dirname, '..', '..', 'docs')

/** The commands of the `sh` blocks of a page, in order. */
function commandsIn(page: string): readonly string[][] {
  const blocks = [...page.matchAll(/```sh\n([^]*?)```/g)].map(([, block = '']) => block)
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('changeover '))
  return lines.map((line) => line.split(' ').slice(1))
}

test('every command of "your own database in five minutes" does what the page says', async () => {
  const page = readFileSync(join(docs, 'how-to', 'your-own-database.md'), 'utf8')
  const server = await startPostgres()
  const client = new pg.Client({ connectionString: server.url() })
  await client.connect()
  await client.query('CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, $$a$$); ANALYZE')
  await client.end()
  const place = makePlace({ DATABASE_URL: server.url() })
  try {
    const ran: string[] = []
    for (const words of commandsIn(page)) {
      const ended = await place.run(...words)
      expect(`${words[0]}: ${ended.code} ${ended.err}`).toMatch(words[0] === 'rollback' ? /: 5 / : /: 0 /)
      ran.push(words[0] ?? '')
    }
    expect(ran).toEqual(['init', 'plan', 'check', 'run', 'status', 'events', 'verify', 'report', 'rollback'])
  } finally {
    place.remove()
    await server.stop()
  }
})

test('no page names a command that there is not', () => {
  const known = new Set([...commands.map(wordOf), 'help'])
  const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  const named = pages.flatMap((name) =>
    [...readFileSync(join(docs, name), 'utf8').matchAll(/`changeover ([a-z]+)/g)].map(
      ([, word = '']) => `${name}: ${word}`,
    ),
  )
  expect(named.filter((each) => !known.has(each.split(': ')[1] ?? ''))).toEqual([])
})

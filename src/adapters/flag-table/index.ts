/** The adapter `flag-table`: the flags port on a PostgreSQL, for flags that many machines read. Every server hears of a change at once. */
import pg from 'pg'
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import { factsOf } from '../../flags/index.ts'
import { openTable } from './table.ts'

const config = z.strictObject({
  url: z.string().min(1).describe('postgres://user:password@host:5432/database'),
  name: z.string().min(1).default('default').describe('Which set of flags: a database can hold several.'),
})

export type FlagTableConfig = z.input<typeof config>

export const flagTable = defineAdapter<'flags', FlagTableConfig>({
  name: 'flag-table',
  port: 'flags',
  summary: "Feature flags in flagd's JSON in a table of a PostgreSQL, with history, and notices to all servers.",
  ...withDefaults(config, openTarget),
  example: { url: 'postgres://app:${APP_PASSWORD}@localhost:5432/app' },
  tools: {},
})

function openTarget({ url, name }: z.output<typeof config>, who: Opener): Target<'flags'> {
  const where = placeOf(url)
  const client = {
    connectionString: url,
    application_name: `changeover ${who.run}`.slice(0, 63),
    connectionTimeoutMillis: 10_000,
  }
  const pool = new pg.Pool({ ...client, max: 4, allowExitOnIdle: true })
  // A connection that is lost while idle is replaced when it is needed.
  pool.on('error', () => undefined)
  const store = openTable({ pool, client, where, name, now: () => Date.now() })
  return {
    identity: async () => `flag-table:${where}#${name}`,
    observe: async () => factsOf((await store.read()).document),
    read: store,
    write: store,
    // A change names the version it was decided on: an older runner that wakes is refused by that.
    fence: async () => undefined,
    close: () => pool.end(),
  }
}

/** `host:port/database`. The url is never quoted in an error. */
function placeOf(text: string): string {
  try {
    const url = new URL(text)
    if (url.protocol === 'postgres:' || url.protocol === 'postgresql:')
      return `${url.hostname || 'localhost'}:${url.port || '5432'}${url.pathname}`
  } catch {
    // Said below, for both reasons.
  }
  throw new ChangeoverError(
    'plan.invalid',
    'the url of a flag-table target does not start with "postgres://", or cannot be read',
    'write it as postgres://user:password@host:5432/database',
  )
}

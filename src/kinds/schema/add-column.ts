/** `schema.add-column`: new columns at once, without a rewrite. Refuses a default that would touch every row. */
import { z } from 'zod'
import { block, type Finding } from '../../core/finding.ts'
import { defineKind, type Mark, type Writing } from '../../core/kind.ts'
import { lint, loadParser, predict, qualify, quoteKey, quoteName, tableIn } from '../../sql/index.ts'
import { mustOwn } from './owner.ts'
import { type DatabaseRole, blocked, persist } from './persist.ts'

// `plan` is pure and not asynchronous: the grammar is there before it is asked.
await loadParser()

const column = z.strictObject({
  name: z.string().min(1),
  type: z.string().min(1).describe('As SQL: `uuid`, `varchar(255)`, `public.mood`.'),
  nullable: z.boolean().default(true).describe('False only with a default.'),
  default: z
    .string()
    .min(1)
    .optional()
    .describe("An SQL expression that is the same for every row: `0`, `'x'`, `now()`."),
})

const spec = z.strictObject({
  table: z.string().min(1).describe('`users`, or with its schema `shop.users`.'),
  columns: z.array(column).min(1),
  lockMs: z.int().min(1).max(60_000).default(500).describe('How long one try may wait for the lock, in milliseconds.'),
  retries: z.int().min(0).max(1000).default(20).describe('Tries after the first, with growing pauses up to 30 s.'),
})

type Spec = z.output<typeof spec>

type Work = {
  readonly table: string
  readonly names: readonly string[]
  readonly add: string
  readonly drop: string
  readonly lockMs: number
  readonly retries: number
}

export const schemaAddColumn = defineKind<DatabaseRole, Spec, Work>({
  name: 'schema.add-column',
  summary: 'Adds columns to a table in one statement that rewrites nothing; drops them on rollback.',
  roles: { database: 'database' },
  spec: spec as unknown as z.ZodType<Spec>,
  example: { table: 'users', columns: [{ name: 'federation_id', type: 'uuid' }] },

  plan(asked, { facts: { database } }) {
    const table = qualify(asked.table)
    const names = asked.columns.map(({ name }) => name)
    const add = `ALTER TABLE ${quoteKey(table)} ${asked.columns.map(clause).join(', ')}`
    const drop = `ALTER TABLE IF EXISTS ${quoteKey(table)} ${names.map((name) => `DROP COLUMN IF EXISTS ${quoteName(name)}`).join(', ')}`
    const facts = tableIn(database, table)
    const findings: Finding[] = []
    if (facts === undefined)
      findings.push(
        block(
          'schema.no-table',
          `there is no table "${table}" in the database`,
          'mend `table`, or make it in an earlier step',
        ),
      )
    for (const name of names)
      if (typeof facts === 'object' && facts.columns[name])
        findings.push(
          block(
            'schema.column-there',
            `"${table}" has a column "${name}" already`,
            'choose another name, or remove the step',
          ),
        )
    const judged = lint(add, {
      facts: database,
      inTransaction: true,
      limited: { lock: true, statement: true },
      exclude: ['prefer-robust-stmts'],
    })
    return {
      work: { table, names, add, drop, lockMs: asked.lockMs, retries: asked.retries },
      predicted: { database: predict(database, add).facts },
      preview: [add, `on rollback: ${drop}`],
      undo: 'exact',
      locks: [{ object: table, mode: 'ACCESS EXCLUSIVE', holds: 'for a change of the catalog only: milliseconds' }],
      findings: [...findings, ...judged.filter(({ level }) => level !== 'note')],
    }
  },

  async check(work, at) {
    const { database } = at.on
    return [...(await mustOwn(database, [work.table])), ...(await blocked(database, locksOf(work)))]
  },

  async *apply(work, at) {
    yield* change(work, at, work.add, 0)
    yield { at: 'added', done: work.names.length, of: work.names.length, unit: 'column' }
  },

  async verify(work, at) {
    const left = work.names.length - (await there(work, at)).length
    return left === 0
      ? []
      : [
          block(
            'schema.unfinished',
            `${left} of ${work.names.length} columns of "${work.table}" are not there`,
            'run `changeover resume`',
          ),
        ]
  },

  async *rollback(work, at) {
    yield* change(work, at, work.drop, work.names.length)
    yield { at: 'dropped', done: work.names.length, of: work.names.length, unit: 'column' }
  },
})

function locksOf({ table }: Work) {
  return [{ object: table, mode: 'ACCESS EXCLUSIVE' as const }]
}

/** All columns come and go in one statement, so that one look tells all. `from`: how many are there when it is still to be done. */
async function* change(work: Work, at: Writing<DatabaseRole>, text: string, from: number): AsyncGenerator<Mark> {
  const patience = {
    locks: locksOf(work),
    lockMs: work.lockMs,
    retries: work.retries,
  }
  if ((await there(work, at)).length !== from) return
  yield* persist(at, 'tried', patience, async () => {
    if ((await there(work, at)).length !== from) return
    await at.on.database.transaction((tx) => tx.run(text).then(() => undefined), { lockMs: work.lockMs })
  })
}

async function there(
  work: Work,
  at:
    | Pick<Writing<DatabaseRole>, 'on'>
    | { readonly on: { readonly database: Pick<Writing<DatabaseRole>['on']['database'], 'rows'> } },
): Promise<readonly unknown[]> {
  return at.on.database.rows(
    'SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = ANY ($2::text[]) AND attnum > 0 AND NOT attisdropped',
    [quoteKey(work.table), work.names],
  )
}

function clause({ name, type, nullable, default: value }: Spec['columns'][number]): string {
  return `ADD COLUMN ${quoteName(name)} ${type}${value === undefined ? '' : ` DEFAULT ${value}`}${nullable ? '' : ' NOT NULL'}`
}

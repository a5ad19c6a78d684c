/** `assess.activity`: is anybody in the middle of something? Waits for it, drains it, or refuses to begin. Changes nothing. */
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { block, type Finding, note, risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import { defineKind, type Mark } from '../../core/kind.ts'
import type { Row, SqlReader } from '../../core/ports/index.ts'

const spec = z.strictObject({
  work: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "SQL that returns `label` and `count` of work that is going on: SELECT 'training' AS label, count(*) FROM rounds WHERE status = 'running'.",
    ),
  longMs: z
    .int()
    .min(0)
    .default(60_000)
    .describe('Transactions open for longer count as work, in milliseconds. 0: none do.'),
  policy: z
    .enum(['wait', 'drain', 'refuse'])
    .default('wait')
    .describe(
      '`wait`: until there is none. `drain`: until what was there at the start has ended, whatever comes after. `refuse`: do not begin.',
    ),
  limitMs: z.int().min(0).default(600_000).describe('How long to wait, in milliseconds.'),
  everyMs: z.int().min(10).default(2000).describe('How often to look, in milliseconds.'),
})

type Spec = z.output<typeof spec>

export const assessActivity = defineKind<{ readonly database: 'database' }, Spec, Spec>({
  name: 'assess.activity',
  summary: 'Looks for active work and long transactions, and waits, drains or refuses.',
  roles: { database: 'database' },
  spec: spec as unknown as z.ZodType<Spec>,
  example: { work: ["SELECT 'training' AS label, count(*) FROM rounds WHERE status = 'running'"], policy: 'wait' },

  plan(asked) {
    const then = {
      wait: `wait up to ${asked.limitMs / 1000} s until there is none`,
      drain: `wait up to ${asked.limitMs / 1000} s for what is there at the start`,
      refuse: 'refuse to go on when there is any',
    }
    const looks = [
      ...asked.work.map((sql) => `ask: ${sql.replace(/\s+/g, ' ').slice(0, 120)}`),
      ...(asked.longMs > 0 ? [`look for transactions older than ${asked.longMs / 1000} s`] : []),
    ]
    return { work: asked, predicted: {}, preview: [...looks, then[asked.policy]], undo: 'exact' }
  },

  async check(work, at) {
    const active = await look(work, at.on.database)
    const sessions = await byApplication(at.on.database)
    return [...active.map((each) => found(work, each)), sessions]
  },

  async *apply(work, at, from) {
    const started = startOf(from) ?? at.clock.now()
    const before = await look(work, at.on.database)
    const first = new Set(before.map(({ id }) => id))
    for (let active = before; ; active = await look(work, at.on.database)) {
      const counted = work.policy === 'drain' ? active.filter(({ id }) => first.has(id)) : active
      const waited = at.clock.now() - started
      yield mark(counted, started, waited)
      if (counted.length === 0) return
      if (work.policy === 'refuse' || waited >= work.limitMs) throw still(work, counted, waited)
      await at.clock.sleep(work.everyMs, at.signal)
    }
  },

  // Nothing was changed.
  async *rollback() {},
})

/** One piece of work. `id` tells it from others when it is looked at again. */
type Active = { readonly id: string; readonly label: string; readonly count: number }

interface Transaction extends Row {
  readonly id: string
  readonly label: string
}

async function look(work: Spec, db: SqlReader): Promise<readonly Active[]> {
  const active: Active[] = []
  for (const [index, sql] of work.work.entries()) {
    for (const row of await db.rows(sql)) {
      const label = String(row['label'] as string | number | null)
      const count = Number(row['count'])
      if (count > 0) active.push({ id: `work ${index} ${label}`, label, count })
    }
  }
  if (work.longMs === 0) return active
  const long = await db.rows<Transaction>(
    `SELECT pid || ' ' || xact_start AS id,
            format('transaction of pid %s%s open for %s s', pid, coalesce(' (' || nullif(application_name, '') || ')', ''), round(extract(epoch FROM clock_timestamp() - xact_start))) AS label
       FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start < clock_timestamp() - make_interval(secs => $1::float8 / 1000)
      ORDER BY xact_start`,
    [work.longMs],
  )
  return [...active, ...long.map(({ id, label }) => ({ id, label, count: 1 }))]
}

function named(active: readonly Active[]): string {
  return active.map(({ label, count }) => (count === 1 ? label : `${count} ${label}`)).join(', ')
}

function mark(active: readonly Active[], started: number, waited: number): Mark {
  const seen = active.map(({ label, count }) => ({ label, count }))
  const words = active.length === 0 ? 'nobody is in the middle of anything' : `waits for ${named(active)}`
  return { at: { started, waitedMs: waited, active: seen } as Json, note: words }
}

/** The limit counts from the first look, also after a crash. */
function startOf(from: Mark): number | undefined {
  const place = from?.at as { readonly started?: unknown } | null | undefined
  return typeof place?.started === 'number' ? place.started : undefined
}

function found(work: Spec, active: Active): Finding {
  const make = work.policy === 'refuse' ? block : risk
  const help = work.policy === 'refuse' ? 'wait for it to end, then start again' : 'the step waits for it'
  return make('assess.active', `${active.count === 1 ? '' : `${active.count} `}${active.label} going on`, help, {
    label: active.label,
    count: active.count,
  })
}

async function byApplication(db: SqlReader): Promise<Finding> {
  const sessions = await db.rows<{ application: string; count: number }>(
    `SELECT coalesce(application_name, '') AS application, count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1 ORDER BY 2 DESC, 1`,
  )
  const words = sessions.map(({ application, count }) => `${count} of "${application}"`).join(', ')
  return note(
    'assess.sessions',
    sessions.length === 0 ? 'no other session is open' : `sessions: ${words}`,
    'nothing to do',
    { sessions },
  )
}

function still(work: Spec, active: readonly Active[], waited: number): ChangeoverError {
  const why =
    work.policy === 'refuse' ? 'work is going on' : `after ${Math.round(waited / 1000)} s work is still going on`
  return new ChangeoverError(
    'run.blocked',
    `${why}: ${named(active)}`,
    'wait for it to end, then run `changeover resume`, or raise `limitMs`',
  )
}

/** New columns of the same table: against one UPDATE of the whole table, and flat from a tenth of the rows to twice as many. */
import { applied, planned } from './kind.ts'
import { inPlaceLens, inPlaceUpdate } from './lenses.ts'
import { type Figure, median } from './rounds.ts'
import type { Rig } from './server.ts'

/** Each run has a table of its own making: an UPDATE leaves a table that is twice as large. */
async function fresh(rig: Rig, rows: number): Promise<void> {
  await rig.admin.query('DROP SCHEMA IF EXISTS changeover CASCADE')
  await rig.admin.query('DROP TABLE IF EXISTS people')
  await rig.admin
    .query(`CREATE TABLE people AS SELECT s.id + n * (SELECT max(id) FROM users) AS id, s.email, s.active, s.name, s.created_at, s.profile
    FROM generate_series(0, ${Math.ceil(rows / 1_000_000) + 9}) n, users s WHERE s.id + n * (SELECT max(id) FROM users) <= ${rows}`)
  await rig.admin.query('ALTER TABLE people ADD PRIMARY KEY (id), ADD COLUMN consent_records jsonb')
  await rig.admin.query('VACUUM (ANALYZE) people')
  await rig.admin.query('CHECKPOINT')
}

async function rate(rig: Rig, rows: number, ready: () => Promise<() => Promise<void>>): Promise<number> {
  await fresh(rig, rows)
  const run = await ready()
  const start = performance.now()
  await run()
  return rows / ((performance.now() - start) / 1000)
}

export async function inPlaceFigures(
  rig: Rig,
  rows: number,
  rounds: number,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const whole = async () => async (): Promise<void> =>
    void (await rig.admin.query(`UPDATE people SET ${inPlaceUpdate}`))
  const kind = async () => {
    const orders = await planned(rig.url, { table: 'people', lens: inPlaceLens, hands: 2 })
    return () => applied(orders)
  }
  const [small, large] = [Math.round(rows / 10), rows * 2]
  const runs = { one: [] as number[], kind: [] as number[], small: [] as number[], large: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    const turns = [
      async () => runs.one.push(await rate(rig, rows, whole)),
      async () => runs.kind.push(await rate(rig, rows, kind)),
      async () => runs.small.push(await rate(rig, small, kind)),
      async () => runs.large.push(await rate(rig, large, kind)),
    ]
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn()
    const shown = Object.entries(runs).map(([name, list]) => `${name} ${((list.at(-1) ?? 0) / 1000).toFixed(1)}`)
    say(`round ${round + 1}  in place        ${shown.join('  ')} k rows/s`)
  }
  const figure = (
    name: string,
    what: string,
    of: readonly number[],
    to: readonly number[],
    least?: number,
  ): Figure => ({
    name,
    what,
    rowsPerSecond: Math.round(median(of)),
    ratio: Number(median(of.map((each, round) => each / (to[round] ?? each))).toFixed(3)),
    ...(least === undefined ? {} : { least }),
    runs: of.map(Math.round),
  })
  return [
    figure('one-update', 'one UPDATE of the whole table, one session', runs.one, runs.one),
    figure('in-place', 'data.transform in place, lens as SQL, two hands', runs.kind, runs.one, 0.8),
    figure('in-place-small', `the same with ${small} rows, to that with ${large}`, runs.small, runs.large, 0.85),
    figure('in-place-large', `the same with ${large} rows, to that with ${small}`, runs.large, runs.small, 0.85),
  ]
}

/** Rows through a lens into a new table and in place, as ratios to the server's own SQL over as many sessions as cores. */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { inPlaceFigures } from './rig/in-place.ts'
import { applied, type Orders, planned } from './rig/kind.ts'
import { documentLens, sqlLens, typescriptLens } from './rig/lenses.ts'
import { ceiling, rowByRow, through, unnestBatches } from './rig/rivals.ts'
import { inRounds, type Method, table } from './rig/rounds.ts'
import { createTarget, fewThere, reset, type Rig, seed, settings, startRig } from './rig/server.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
})
const rows = Number(values.rows)
const cores = cpus().length
const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`)

/** Planned before the clock starts, as the engine does; applied with the start of its threads. */
function moving(
  rig: Rig,
  lens: typeof sqlLens,
  hands: number,
  { path, some = false }: { readonly path?: string; readonly some?: boolean } = {},
): Pick<Method, 'prepare' | 'run'> {
  let orders: Orders | undefined
  return {
    prepare: async () => {
      await reset(rig)
      if (some) await fewThere(rig)
      orders = await planned(rig.url, { table: 'users', into: 'users_v4', lens, hands }, path)
    },
    run: async () => {
      if (orders) await applied(orders)
    },
  }
}

function byHand(rig: Rig, run: (rows: number) => Promise<void>): Pick<Method, 'prepare' | 'run'> {
  return { prepare: () => reset(rig), run }
}

function methods(rig: Rig): readonly Method[] {
  const chunks = `the server's own SQL by hand, chunks of 10,000 keys, ${cores} sessions`
  const again = ' ON CONFLICT (id) DO NOTHING'
  const typescript = 'data.transform, TypeScript lens'
  const document = 'data.transform, one function on the whole document'
  return [
    {
      name: 'ceiling',
      what: `${chunks}, harmless to run again`,
      ...byHand(rig, (many) => ceiling(rig, many, cores, again)),
    },
    {
      name: 'run-once',
      what: `${chunks}, lost when it is stopped`,
      ...byHand(rig, (many) => ceiling(rig, many, cores)),
    },
    {
      name: 'through',
      what: `rows as bytes out of the server and in again, unchanged, ${cores} sessions`,
      ...byHand(rig, (many) => through(rig, many, cores)),
    },
    { name: 'sql', what: 'data.transform, lens as SQL', least: 0.9, ...moving(rig, sqlLens, cores) },
    { name: 'typescript-1', what: `${typescript}, one worker`, least: 0.6, ...moving(rig, typescriptLens, 1) },
    { name: 'typescript-2', what: `${typescript}, two workers`, least: 0.7, ...moving(rig, typescriptLens, 2) },
    { name: 'document-1', what: `${document}, one worker`, ...moving(rig, documentLens, 1) },
    { name: 'document-2', what: `${document}, two workers`, ...moving(rig, documentLens, 2) },
    {
      name: 'merge',
      what: `${typescript}, some rows of each chunk are there`,
      least: 0.5,
      ...moving(rig, typescriptLens, 2, { some: true }),
    },
    {
      name: 'document-join',
      what: `${document}, staged and joined with the rows it came from`,
      ...moving(rig, documentLens, 2, { path: 'join' }),
    },
    {
      name: 'unnest',
      what: 'by hand: batches of 5,000, unnest',
      once: 200_000,
      ...byHand(rig, (many) => unnestBatches(rig, many)),
    },
    {
      name: 'row-by-row',
      what: 'by hand: a statement and a commit for each row',
      once: 10_000,
      ...byHand(rig, (many) => rowByRow(rig, many)),
    },
  ]
}

const rig = await startRig()
try {
  say(
    `PostgreSQL ${rig.server.version}, ${cores} cores, ${rows} rows; ${Object.entries(settings)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
  )
  await seed(rig, rows)
  await createTarget(rig)
  const chosen = methods(rig).filter(
    ({ name }) => values.only === '' || name === 'ceiling' || values.only.split(',').includes(name),
  )
  const figures = await inRounds(chosen, rows, Number(values.rounds), say, rig.server.pid)
  const inPlace =
    values.only === '' || values.only.includes('in-place')
      ? await inPlaceFigures(rig, rows, Number(values.rounds), say)
      : []
  say(`\n${table([...figures, ...inPlace])}`)
  const missed = [...figures, ...inPlace].filter((each) => each.least !== undefined && each.ratio < each.least)
  if (values.json) {
    const named = Object.fromEntries([...figures, ...inPlace].map(({ name, ...rest }) => [name, rest]))
    console.log(
      JSON.stringify({
        bench: 'transform',
        server: rig.server.version,
        cores,
        rows,
        rounds: Number(values.rounds),
        figures: named,
        missed: missed.map((each) => each.name),
      }),
    )
  }
} finally {
  await rig.stop()
}

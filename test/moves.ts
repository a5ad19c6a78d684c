/** Steps of the data kinds outside a run: planned, checked, applied, verified and taken back one after another in one database. Knows no case. */
import type pg from 'pg'
import { postgres, postgresDialect } from '../src/adapters/postgres/index.ts'
import type { Finding } from '../src/core/finding.ts'
import type { Json } from '../src/core/json.ts'
import type { AnyKind, Crew, Draft, Target } from '../src/core/kind.ts'
import type { Roles } from '../src/core/ports/index.ts'
import { caseRun, type SuiteServer } from './postgres.ts'

/** One planned step; the verbs run to their end. */
export interface Step {
  readonly draft: Draft<Roles, Json>
  /** Codes of the findings of its plan, without notes. */
  readonly found: readonly string[]
  check(): Promise<readonly Finding[]>
  apply(): Promise<void>
  verify(): Promise<readonly Finding[]>
  rollback(): Promise<void>
  /** Works beside the step until `quit`, as the engine's worker does. */
  follow(quit: AbortSignal): Promise<void>
}

export interface Bench {
  readonly db: pg.Client
  readonly url: string
  readonly target: Target<'database'>
  /** `load`: the functions that a lens names. */
  plan(kind: AnyKind, spec: Json, load?: unknown): Promise<Step>
  /** Every row of a query as one text, in the order of the texts. */
  all(text: string): Promise<readonly string[]>
  close(): Promise<void>
}

/** `account`: who the tool is, as `name:password`; the superuser where none is named. `name` makes one step's ledger another than the next one's. */
export async function openBench(
  server: SuiteServer,
  fill: string,
  { account, schemas = ['public'] }: { readonly account?: string; readonly schemas?: readonly string[] } = {},
): Promise<Bench> {
  const { name, db, drop } = await server.fresh(fill)
  const url = server.url(name)
  const own = account === undefined ? url : url.replace(/\/\/[^@]*@/, `//${account}@`)
  const target = await postgres.open({ url: own, connections: 12, schemas: [...schemas] }, caseRun)
  return {
    db,
    url,
    target,
    plan: async (kind, spec, load) => planned(kind, spec, load, target),
    all: async (text) => {
      const { rows } = await db.query<{ row: string }>(`SELECT "the row"::text AS row FROM (${text}) "the row"`)
      return rows.map(({ row }) => row).toSorted()
    },
    close: async () => {
      await target.close()
      await drop()
    },
  }
}

let steps = 0

async function planned(kind: AnyKind, spec: Json, load: unknown, target: Target<'database'>): Promise<Step> {
  const roles = Object.keys(kind.roles as Roles)
  const of = <T>(value: T) => Object.fromEntries(roles.map((role) => [role, value]))
  const draft = kind.plan(kind.spec.parse(spec), {
    facts: of(await target.observe()),
    tools: of(postgresDialect),
    targets: of('main'),
  } as never) as Draft<Roles, Json>
  const at = around(kind, draft.work, load, target.write)
  const run = async (verb: 'apply' | 'rollback'): Promise<void> => {
    for await (const mark of kind[verb](draft.work, at as never, null)) void mark
  }
  return {
    draft,
    found: (draft.findings ?? []).flatMap((each) => (each.level === 'note' ? [] : [`${each.level} ${each.code}`])),
    check: async () => (await kind.check?.(draft.work, at as never)) ?? [],
    apply: () => run('apply'),
    verify: async () => (await kind.verify?.(draft.work, at as never)) ?? [],
    rollback: () => run('rollback'),
    follow: async (quit) => kind.follow?.(draft.work, { ...at, quit } as never),
  }
}

function around(kind: AnyKind, work: Json, load: unknown, write: unknown): object {
  const at = {
    run: 'case-1',
    step: `step-${++steps}`,
    clock: { now: () => Date.now(), sleep: (ms: number) => new Promise((done) => setTimeout(done, Math.min(ms, 20))) },
    signal: new AbortController().signal,
    quit: new AbortController().signal,
    load: () => Promise.resolve(load),
    plan: { name: 'case', from: '1', to: '2' },
    on: Object.fromEntries(Object.keys(kind.roles as Roles).map((role) => [role, write])),
    applied: null,
    wishes: {},
    hire: (hands: number): Crew => {
      const quit = new AbortController()
      const own = { ...at, quit: quit.signal }
      const labours = Array.from({ length: hands }, async () => kind.labour?.(work, own as never))
      const ended = Promise.all(labours).then(() => undefined)
      const quiet = ended.catch(() => undefined)
      const dismiss = async (): Promise<void> => {
        quit.abort()
        await quiet
      }
      return { ended, dismiss }
    },
  }
  return at
}

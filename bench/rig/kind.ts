/** Runs the real kind, as the engine would: planned from the facts of the server, applied with hands of its own. */
import type { AnyKind, Adapter } from '../../src/core/kind.ts'
import type { Json } from '../../src/core/json.ts'

/** What ships is measured: the modules of `dist`, under the types of their sources. */
const shipped = (path: string): string => new URL(`../../dist/${path}`, import.meta.url).href

export interface Orders {
  readonly url: string
  readonly run: string
  readonly step: string
  readonly work: Json
  readonly base: string
}

export interface Asked {
  readonly table: string
  readonly into?: string
  readonly lens: Json
  readonly hands: number
  readonly [more: string]: Json
}

let runs = 0

/** Plans `data.transform`; throws where a finding blocks it. `path` overrides the choice of the plan, to measure it. */
export async function planned(url: string, asked: Asked, path?: string): Promise<Orders> {
  const { dataTransform } = (await import(shipped('kinds/data/index.js'))) as { dataTransform: AnyKind }
  const { postgres } = (await import(shipped('adapters/postgres/index.js'))) as { postgres: Adapter }
  const who = { run: 'bench', fence: 0, base: '.', signal: new AbortController().signal }
  const target = await postgres.open({ url }, who)
  const facts = { database: await target.observe() }
  await target.close()
  const draft = dataTransform.plan(dataTransform.spec.parse(asked), {
    facts,
    tools: { database: postgres.tools },
    targets: { database: 'db' },
  })
  const blocked = (draft.findings ?? []).filter((each) => each.level === 'block')
  if (blocked.length > 0) throw new Error(blocked.map((each) => each.message).join('; '))
  const work = draft.work as { readonly [key: string]: Json }
  runs += 1
  return {
    url,
    run: `bench-${runs}`,
    step: 'move',
    work: path === undefined ? work : { ...work, path },
    base: import.meta.dirname,
  }
}

/** Applies it to its end. */
export async function applied(orders: Orders): Promise<void> {
  const hand = (await import(new URL('./hand.mjs', import.meta.url).href)) as {
    readonly apply: (orders: Orders) => Promise<unknown>
  }
  await hand.apply(orders)
}

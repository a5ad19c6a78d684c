/** The adapter `postgres`: the database port on a PostgreSQL server, version 13 or newer. */
import { setMaxListeners } from 'node:events'
import { z } from 'zod'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import type { Dumper, Row } from '../../core/ports/index.ts'
import { type Address, parseAddress } from './address.ts'
import type { Ask } from './blockers.ts'
import { observe } from './catalog.ts'
import { postgresDialect } from './dialect.ts'
import { type Driver, type Gate, openReader, openWriter } from './driver.ts'
import { findDumper } from './dumper.ts'
import { openFence, sessionLabel } from './fence.ts'
import { identity } from './identity.ts'
import { type LinkOptions, Links } from './links.ts'
import { scratchMaker } from './scratch.ts'
import { ready } from './ready.ts'
import { ask } from './session.ts'

export { postgresDialect } from './dialect.ts'
export { openPostgresJournal, type PostgresJournalOptions } from './journal.ts'

const config = z.strictObject({
  url: z.string().min(1).describe('postgres://user:password@host:5432/database'),
  schemas: z.array(z.string().min(1)).min(1).default(['public']).describe('The schemas whose structure is observed.'),
  connections: z.int().min(2).max(200).default(16).describe('The most connections at once.'),
  connectMs: z.int().min(1).default(10_000).describe('How long a connection may take to open, in milliseconds.'),
})

export type PostgresConfig = z.input<typeof config>

const open = { sql: async () => '', judge: () => undefined } satisfies Gate

export const postgres = defineAdapter({
  name: 'postgres',
  port: 'database',
  summary: 'A PostgreSQL database, version 13 or newer.',
  ...withDefaults(config, openTarget),
  example: { url: 'postgres://app:${APP_PASSWORD}@localhost:5432/app', schemas: ['public'] },
  tools: postgresDialect,
})

async function openTarget(settings: z.output<typeof config>, who: Opener): Promise<Target<'database'>> {
  const address = parseAddress(settings.url)
  // Every statement under way listens to it: that is no leak.
  setMaxListeners(0, who.signal)
  const options: LinkOptions = {
    address,
    label: sessionLabel(who.run, who.fence),
    max: settings.connections,
    connectMs: settings.connectMs,
  }
  const side = new Links({ ...options, max: 2 })
  const fence = openFence(who.run, who.fence, options, (ms) => new Promise((resolve) => setTimeout(resolve, ms)))
  const driver = openDriver(options, side, fence, who)
  const read = openReader(driver)
  return {
    identity: () => identity(read),
    observe: () => observe(read, settings.schemas),
    ready: () => ready(read, options.address),
    read,
    write: openWriter(driver),
    fence: () => fence.take(),
    forget: () => fence.forget(),
    close: async () => {
      await fence.release()
      await Promise.all([driver.links.close(), side.close()])
    },
  }
}

function openDriver(options: LinkOptions, side: Links, gate: Gate, who: Opener): Driver {
  const aside = asking(side)
  const driver: Driver = {
    place: options.address,
    signal: who.signal,
    links: new Links(options),
    aside,
    gate,
    dumper: once(() => findDumper(options.address, openReader(driver))),
    scratch: scratchMaker({
      run: who.run,
      fence: who.fence,
      beside: {
        rows: async <R extends Row>(text: string, values?: readonly unknown[]) =>
          (await aside(text, values ?? [])) as readonly R[],
        run: (text) => openWriter(driver).run(text, undefined, { lockMs: 10_000 }),
      },
      open: (database) => openScratch({ ...options, address: parseAddress(options.address.url, database) }, who),
    }),
  }
  return driver
}

/** Nobody else knows the scratch database, so it has no fence. */
function openScratch(
  options: LinkOptions & { readonly address: Address },
  who: Opener,
): ReturnType<Parameters<typeof scratchMaker>[0]['open']> {
  const side = new Links({ ...options, max: 2 })
  const driver = openDriver(options, side, open, who)
  return {
    db: openWriter(driver),
    close: async () => {
      await Promise.all([driver.links.close(), side.close()])
    },
  }
}

function asking(side: Links): Ask {
  return async (text, values) => {
    const link = await side.lend()
    try {
      return (await ask(link, text, values, true)).at(-1)?.rows ?? []
    } catch (error) {
      link.broken = true
      throw error
    } finally {
      side.giveBack(link)
    }
  }
}

/** The programs of this machine do not change while a target is open. A failed search is made again. */
function once(find: () => Promise<Dumper | undefined>): () => Promise<Dumper | undefined> {
  let found: Promise<Dumper | undefined> | undefined
  return () => {
    found ??= find().catch((error: unknown) => {
      found = undefined
      throw error
    })
    return found
  }
}

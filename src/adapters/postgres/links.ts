/** The connections of one target: opened when needed, lent to one caller at a time, thrown away when anything was odd. */
import pg from 'pg'
import { ChangeoverError } from '../../core/errors.ts'
import type { Address } from './address.ts'
import { types } from './decode.ts'
import { translate } from './errors.ts'

/** One connection while it is lent. `broken` ones, and those with `settings` that outlast their user, are closed when they come back. */
export interface Link {
  readonly client: pg.Client
  readonly pid: number
  broken: boolean
  settings?: boolean
}

export interface LinkOptions {
  readonly address: Address
  /** How the sessions are called on the server: pg_stat_activity.application_name. */
  readonly label: string
  readonly max: number
  readonly connectMs: number
}

const idleMs = 30_000

/**
 * UTC and ISO everywhere, so that the text of a time means the same on every machine. What a role or a database may have set otherwise, and what
 * then loses rows or breaks off between two statements, is set too: a table is read whole or not at all (`row_security`). Once a session.
 */
const setUp = `SET row_security = off; SET default_transaction_isolation = 'read committed'; SET idle_in_transaction_session_timeout = 0; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET client_min_messages = warning`

/** A pool that, unlike pg-pool, does not count waiting for a free connection against the connect limit. */
export class Links {
  readonly options: LinkOptions
  #idle: { readonly link: Link; readonly timer: NodeJS.Timeout }[] = []
  #lent = new Set<Link>()
  #opening = 0
  #waiting: (() => void)[] = []
  #closed = false

  constructor(options: LinkOptions) {
    this.options = options
  }

  async lend(): Promise<Link> {
    for (;;) {
      if (this.#closed) throw closed(this.options.address.where)
      const kept = this.#idle.pop()
      if (kept) {
        clearTimeout(kept.timer)
        if (kept.link.broken) continue
        this.#lent.add(kept.link)
        return kept.link
      }
      if (this.#lent.size + this.#opening < this.options.max) return this.#open()
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  giveBack(link: Link): void {
    this.#lent.delete(link)
    if (link.broken || link.settings || this.#closed || link.client.getTransactionStatus() !== 'I') {
      destroy(link)
    } else {
      const timer = setTimeout(() => this.#drop(link), idleMs).unref()
      this.#idle.push({ link, timer })
    }
    this.#waiting.shift()?.()
  }

  /** Ends idle connections politely and lent ones at once. */
  async close(): Promise<void> {
    this.#closed = true
    const idle = this.#idle.splice(0)
    for (const each of idle) clearTimeout(each.timer)
    for (const link of this.#lent) destroy(link)
    for (const wake of this.#waiting.splice(0)) wake()
    await Promise.all(idle.map(({ link }) => link.client.end().catch(() => undefined)))
  }

  async #open(): Promise<Link> {
    this.#opening += 1
    try {
      const link = await connect(this.options)
      if (this.#closed) destroy(link)
      else this.#lent.add(link)
      return link
    } catch (error) {
      // Nobody will give this one back: who waits for it must try, and fail, too.
      this.#waiting.shift()?.()
      throw error
    } finally {
      this.#opening -= 1
    }
  }

  #drop(link: Link): void {
    this.#idle = this.#idle.filter((each) => each.link !== link)
    void link.client.end().catch(() => undefined)
  }
}

/** A connection of its own, outside the pool; the caller ends it. */
export async function connect(options: LinkOptions): Promise<Link> {
  const { address, label, connectMs } = options
  const client = new pg.Client({
    connectionString: address.url,
    application_name: label,
    types,
    keepAlive: true,
    connectionTimeoutMillis: connectMs,
  })
  let link: Link | undefined
  // Without a listener a server that goes away would end the process.
  client.on('error', () => {
    if (link) link.broken = true
  })
  try {
    await client.connect()
    await client.query(setUp)
  } catch (error) {
    client.connection.stream.destroy()
    throw translate(error, address)
  }
  link = { client, pid: (client as unknown as { processID: number }).processID, broken: false }
  return link
}

function closed(where: string): ChangeoverError {
  return new ChangeoverError(
    'target.unreachable',
    `the target "${where}" was closed while it was asked`,
    'open it again',
  )
}

export function destroy(link: Link): void {
  link.broken = true
  link.client.connection.stream.destroy()
}

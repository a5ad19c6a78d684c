/** The connections to one upstream: kept while they are good, lent for one request at a time. Knows no route. */
import { Connection, type Owner } from './connection.ts'

export interface PoolOptions {
  readonly connectMs: number
  readonly answerMs: number
  readonly stallMs: number
  readonly idleMs: number
}

export interface Pool {
  /** `repeatable`: the request may be sent again, so that a connection that was idle for long will do. */
  lend(repeatable: boolean): Connection
  /** Ends what is late or idle for too long. `now` in milliseconds of any steady clock; call it every 100 ms or so. */
  sweep(now: number): void
  readonly busy: number
  close(): void
}

/** A request that must not be sent twice gets a connection that was in use just now: hardly one that the upstream is closing. */
const surelyOpenMs = 1000

export function openPool(address: URL, options: PoolOptions, startedAt: number): Pool {
  const idle: Connection[] = []
  const busy = new Set<Connection>()
  const owner: Owner = {
    ...options,
    now: startedAt,
    free: (connection) => {
      busy.delete(connection)
      connection.idleSince = owner.now
      idle.push(connection)
    },
    gone: (connection) => {
      if (busy.delete(connection)) return
      const at = idle.indexOf(connection)
      if (at >= 0) idle.splice(at, 1)
    },
  }
  return {
    lend: (repeatable) => {
      const last = idle.at(-1)
      const kept =
        last !== undefined && (repeatable || owner.now - last.idleSince < surelyOpenMs) ? idle.pop() : undefined
      const connection = kept ?? dial(address, owner)
      busy.add(connection)
      return connection
    },
    sweep: (now) => {
      owner.now = now
      for (const connection of busy) if (connection.deadline !== 0 && now > connection.deadline) connection.late()
      for (const connection of idle.filter((each) => now - each.idleSince > keepMs(each, options))) connection.abandon()
    },
    get busy() {
      return busy.size
    },
    close: () => {
      for (const connection of [...idle, ...busy]) connection.abandon()
    },
  }
}

/** A second less than the upstream says it waits: the request must not cross the close. */
function keepMs(connection: Connection, { idleMs }: PoolOptions): number {
  return connection.idleMs === 0 ? idleMs : Math.min(idleMs, Math.max(0, connection.idleMs - 1000))
}

function dial(address: URL, owner: Owner): Connection {
  const host = address.hostname.replace(/^\[|\]$/g, '')
  const port = address.port === '' ? 80 : Number(address.port)
  return new Connection({ host, port }, owner)
}

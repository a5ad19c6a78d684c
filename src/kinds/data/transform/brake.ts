/** Looks at the signals of a throttle and holds the hands while one is over its limit or lost. Decides nothing itself: `brake` of src/rows does. */
import type { Clock } from '../../../core/kind.ts'
import type { SqlWriter } from '../../../core/ports/index.ts'
import { brake, type Limits, type Signals } from '../../../rows/index.ts'

/** How often the signals are read, and how long a wait lasts before they are read again, milliseconds. */
const everyMs = 1000
export const waitMs = 250

const lagQuery = `SELECT count(*)::int AS replicas, bool_or(replay_lsn IS NULL) AS hidden,
  coalesce(max(extract(epoch FROM replay_lag) * 1000), 0)::float8 AS lag FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup'`
const walQuery = `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS wal`

export class Brake {
  /** What the last commit of this hand took, smoothed. */
  commitMs = 0
  /** The reason that stands in the database now. */
  shown: string | undefined
  private readonly limits: Limits
  private readonly clock: Clock
  private readonly db: Pick<SqlWriter, 'rows'>
  private looked = -Infinity
  private wal: { readonly at: number; readonly bytes: number } | undefined
  private reason: string | undefined

  constructor(limits: Limits, clock: Clock, db: Pick<SqlWriter, 'rows'>) {
    this.limits = limits
    this.clock = clock
    this.db = db
  }

  /** True where any limit is set. */
  get set(): boolean {
    return Object.values(this.limits).some((limit) => limit !== null)
  }

  noteCommit(ms: number): void {
    this.commitMs = this.commitMs === 0 ? ms : this.commitMs * 0.75 + ms * 0.25
  }

  /** Why to wait, or nothing. Reads the signals at most once a second. */
  async look(): Promise<string | undefined> {
    if (!this.set) return undefined
    const now = this.clock.now()
    if (now - this.looked < (this.reason === undefined ? everyMs : waitMs)) return this.reason
    this.looked = now
    this.reason = brake(this.limits, await this.signals())
    // A commit that was slow once is no reason for ever: with nothing committed meanwhile, it is forgotten bit by bit.
    if (this.reason !== undefined) this.commitMs *= 0.75
    return this.reason
  }

  private async signals(): Promise<Signals> {
    const commitMs = this.commitMs === 0 ? null : this.commitMs
    try {
      const lag = this.limits.lagMs === null ? null : await this.lag()
      const walPerSecond = this.limits.walPerSecond === null ? null : await this.walRate()
      return typeof lag === 'string'
        ? { commitMs, lagMs: null, walPerSecond, lost: lag }
        : { commitMs, lagMs: lag, walPerSecond }
    } catch (error) {
      const lost = `the server does not tell its load: ${error instanceof Error ? error.message : String(error)}`
      return { commitMs, lagMs: null, walPerSecond: null, lost }
    }
  }

  private async lag(): Promise<number | string> {
    const [seen] = await this.db.rows<{ replicas: number; hidden: boolean | null; lag: number }>(lagQuery)
    if (seen === undefined || seen.replicas === 0) return 'no replica is connected, so its lag is not known'
    if (seen.hidden === true) return 'the lag of a replica is hidden from this account: GRANT pg_monitor'
    return seen.lag
  }

  private async walRate(): Promise<number | null> {
    const [seen] = await this.db.rows<{ wal: number }>(walQuery)
    const now = { at: this.clock.now(), bytes: seen?.wal ?? 0 }
    const before = this.wal
    this.wal = now
    return before === undefined || now.at <= before.at
      ? null
      : ((now.bytes - before.bytes) / (now.at - before.at)) * 1000
  }
}

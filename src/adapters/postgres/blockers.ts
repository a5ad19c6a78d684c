/** Who holds the lock that a statement waits for. Asked on another connection, while it waits: afterwards nobody can tell. */

/** A session in the way. `since` is when its present query or transaction began, ISO in UTC. */
export interface Blocker {
  readonly pid: number
  readonly application: string
  readonly state: string
  readonly since: string
  readonly query: string
}

export type Ask = (
  text: string,
  values: readonly unknown[],
) => Promise<readonly { readonly [column: string]: unknown }[]>

/** pg_blocking_pids takes every lock partition, so it is only called when the session does wait for a lock. */
const blockersQuery = `
  SELECT b.pid, coalesce(b.application_name, '') AS application, coalesce(b.state, b.backend_type) AS state,
         to_char(coalesce(b.xact_start, b.query_start, b.backend_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS since,
         left(regexp_replace(coalesce(b.query, ''), '\\s+', ' ', 'g'), 120) AS query
    FROM pg_stat_activity w
   CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocking(pid)
    JOIN pg_stat_activity b ON b.pid = blocking.pid
   WHERE w.pid = $1 AND w.wait_event_type = 'Lock'
   ORDER BY b.xact_start NULLS LAST, b.pid
   LIMIT 5`

/** Looks at session `pid` every 0.6 of the lock limit (milliseconds) until `stop`, and keeps the last blockers it saw. */
export function watchBlockers(pid: number, lockMs: number, ask: Ask): { seen(): readonly Blocker[]; stop(): void } {
  let seen: readonly Blocker[] = []
  let stopped = false
  let timer = setTimeout(look, Math.max(5, lockMs * 0.6))

  function look(): void {
    ask(blockersQuery, [pid])
      .then((rows) => {
        if (rows.length > 0) seen = rows as unknown as readonly Blocker[]
      })
      .catch(() => undefined)
      .finally(() => {
        if (!stopped) timer = setTimeout(look, Math.max(20, lockMs * 0.6))
      })
  }

  return {
    seen: () => seen,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

export function describeBlockers(blockers: readonly Blocker[]): string {
  if (blockers.length === 0) return 'who held it was gone before it could be named'
  return blockers
    .map((each) => {
      const who = each.application === '' ? 'a session' : `"${each.application}"`
      const query = each.query === '' ? '' : `: ${withoutLiterals(each.query)}`
      return `pid ${each.pid} (${who}, ${each.state} since ${each.since})${query}`
    })
    .join('; ')
}

/** Another program's literals may be secrets. */
function withoutLiterals(query: string): string {
  return query.replace(/'(?:[^']|'')*('|$)/g, "'…'")
}

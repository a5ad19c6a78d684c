/** Whether a run could write to this database at all: it takes writes, and the account may keep its bookkeeping there. */
import { block, type Finding } from '../../core/finding.ts'
import type { SqlReader } from '../../core/ports/index.ts'
import { quote } from './dialect.ts'
import type { Place } from './errors.ts'

/** Our own reads are READ ONLY transactions, so what a new one would be is asked of the settings. */
const look = `
  SELECT pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only') = 'on' AS read_only,
         CASE WHEN to_regnamespace('changeover') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
              ELSE has_schema_privilege('changeover', 'USAGE') AND has_schema_privilege('changeover', 'CREATE') END AS allowed,
         current_database() AS database, to_regnamespace('changeover') IS NOT NULL AS there`

interface Seen {
  readonly standby: boolean
  readonly read_only: boolean
  readonly allowed: boolean
  readonly database: string
  readonly there: boolean
  readonly [column: string]: unknown
}

export async function ready(reader: SqlReader, place: Place): Promise<readonly Finding[]> {
  const [seen] = await reader.rows<Seen>(look)
  if (!seen) return []
  if (seen.standby)
    return [
      block('target.read-only', `"${place.where}" is a standby, which takes no writes`, 'name the primary in the url'),
    ]
  if (seen.read_only) {
    const help =
      'end it: `SHOW default_transaction_read_only` says so for this account, see ALTER DATABASE and ALTER ROLE'
    return [
      block('target.read-only', `"${place.where}" does not take writes: default_transaction_read_only is on`, help),
    ]
  }
  if (seen.allowed) return []
  const grant = seen.there
    ? `GRANT USAGE, CREATE ON SCHEMA changeover TO ${quote(place.user)}`
    : `GRANT CREATE ON DATABASE ${quote(seen.database)} TO ${quote(place.user)}`
  const message = `the account "${place.user}" may not keep the schema "changeover" in "${place.where}"`
  return [block('target.rights', message, `grant it: ${grant}`)]
}

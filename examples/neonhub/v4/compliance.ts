/** Compliance as the data shows it now: consents counted, and the trail compared with them. Nothing here is remembered longer than a second. */
import type { Database } from '../service/database.ts'
import { reply, type Handler } from '../service/serve.ts'
import type { Settings } from '../service/settings.ts'
import { v4Storage } from './storage.ts'

const freshMs = 1_000

// the last line of the trail about a user's consent must say what the user's row says
const counts = `
WITH consent AS (SELECT u.id, ${v4Storage.consent.read} AS given, u.consent_records IS NULL AS waiting FROM users AS u),
last AS (SELECT DISTINCT ON (subject_id) subject_id, (details->>'consentGiven')::boolean AS given FROM compliance_audit_log
         WHERE subject_table = 'users' AND action = 'consent.changed' ORDER BY subject_id, id DESC)
SELECT jsonb_build_object(
  'consents', (SELECT jsonb_build_object('total', count(*), 'given', count(*) FILTER (WHERE given), 'withheld', count(*) FILTER (WHERE NOT given),
               'notTransformed', count(*) FILTER (WHERE waiting)) FROM consent),
  'auditTrail', jsonb_build_object('entries', (SELECT count(*) FROM compliance_audit_log), 'latestAt', (SELECT max(at) FROM compliance_audit_log),
    'usersWithEntries', (SELECT count(*) FROM last),
    'contradicted', (SELECT count(*) FROM last JOIN consent ON consent.id = last.subject_id WHERE last.given IS DISTINCT FROM consent.given),
    'orphaned', (SELECT count(*) FROM last LEFT JOIN consent ON consent.id = last.subject_id WHERE consent.id IS NULL),
    'appendOnly', EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'compliance_audit_log'::regclass AND tgname = 'compliance_audit_log_append_only'
                          AND tgenabled IN ('O', 'A'))))`

interface Counted {
  readonly consents: Readonly<Record<string, number>>
  readonly auditTrail: { readonly contradicted: number; readonly orphaned: number; readonly appendOnly: boolean }
}

export function complianceStatus(database: Database, settings: () => Settings): Handler {
  const counted = remembered(async () => JSON.parse((await database.value(counts))!) as Counted)
  return async () => {
    const { consents, auditTrail } = await counted()
    const intact = auditTrail.appendOnly && auditTrail.contradicted === 0 && auditTrail.orphaned === 0
    const gdpr = settings().flag('compliance.gdpr.enabled', false)
    const ccpa = settings().flag('compliance.ccpa.enabled', false)
    const status = intact && gdpr && ccpa ? 'compliant' : 'attention'
    return reply({
      status,
      gdpr: { enabled: gdpr },
      ccpa: { enabled: ccpa },
      consents,
      auditTrail: { ...auditTrail, intact },
    })
  }
}

/** One question at a time, and not again within a second: these counts read whole tables. */
export function remembered<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | null = null
  return () => {
    if (last === null || Date.now() - last.at > freshMs) {
      const answer = ask()
      last = { at: Date.now(), answer }
      answer.catch(() => {
        last = null
      })
    }
    return last.answer
  }
}

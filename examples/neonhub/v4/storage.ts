/** Where v4 holds consent and model data. A row that the transformation has not reached yet is read by its v3 column, never written there. */
import type { Storage } from '../v3/api.ts'

const timestamp = (moment: string): string => `to_char(${moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** What a consent extends to unless the user said otherwise. */
export const defaultScope = `'["federated_learning", "cross_border_processing"]'::jsonb`

const newConsent = (given: string, scope = defaultScope, moment = 'now()'): string =>
  `jsonb_build_object('version', '4.0', 'consentGiven', ${given}, 'timestamp', ${timestamp(moment)}, 'scope', ${scope})`

// by name through to_jsonb, because the column is gone once the change is sealed
const oldConsent = `coalesce((to_jsonb(u)->>'consent_given')::boolean, false)`

/** The consent document of `u`. */
export const consentRecords = `coalesce(u.consent_records, ${newConsent(oldConsent, defaultScope, 'u.updated_at')})`

const wrapped = (data: string, origin: string, moment: string): string =>
  `jsonb_build_object('originalVersion', '${origin}', 'migratedAt', ${timestamp(moment)}, 'compressionEnabled', true, 'privacyPreserving', true, 'data', ${data})`

/** The model document of `m`. */
export const federationModelData = `coalesce(m.federation_model_data, ${wrapped(`to_jsonb(m)->'model_data'`, '3.3', 'm.updated_at')})`

export const v4Storage: Storage = {
  consent: {
    column: 'consent_records',
    read: `(${consentRecords}->>'consentGiven')::boolean`,
    born: (given) => newConsent(given),
    changed: (given) =>
      `${consentRecords} || jsonb_build_object('consentGiven', ${given}, 'timestamp', ${timestamp('now()')})`,
  },
  modelData: {
    column: 'federation_model_data',
    read: `${federationModelData}->'data'`,
    born: (data) => wrapped(data, '4.0', 'now()'),
    changed: (data) => `${federationModelData} || jsonb_build_object('data', ${data})`,
  },
}

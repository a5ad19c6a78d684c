/** The mapping that every method does, in its two spellings: as operations that render as SQL, and as a function of TypeScript. */
import type { Json } from '../../src/core/json.ts'

/** The values of the new row as SQL, in the order of `targetColumns`. Row `s` is the old one. */
export const targetColumns = 'id, created_at, email, status, first_name, last_name, profile'
export const computed = `s.id, s.created_at, lower(s.email), CASE WHEN s.active THEN 'active' ELSE 'inactive' END,
  split_part(s.name, ' ', 1), split_part(s.name, ' ', 2),
  (s.profile - 'legacy_flag' - 'tmp') || jsonb_build_object('version', 4, 'consent', s.active)`

const reads = ['email', 'active', 'name', 'profile']

export const sqlLens: Json = {
  sql: {
    email: 'lower($row.email)',
    status: `CASE WHEN $row.active THEN 'active' ELSE 'inactive' END`,
    first_name: `split_part($row.name, ' ', 1)`,
    last_name: `split_part($row.name, ' ', 2)`,
    profile: `($row.profile - 'legacy_flag' - 'tmp') || jsonb_build_object('version', 4, 'consent', $row.active)`,
  },
  reads,
}

export const typescriptLens: Json = {
  fn: './lens.mjs#users',
  reads,
  writes: ['email', 'status', 'first_name', 'last_name', 'profile'],
}

/** In place: the consent of a user moves from a flag into a record beside it. */
export const inPlaceLens: Json = {
  sql: {
    consent_records: `jsonb_build_object('version', '4.0', 'consentGiven', $row.active, 'scope', '["federated_learning"]'::jsonb)`,
  },
  reads: ['active'],
}
export const inPlaceUpdate = `consent_records = jsonb_build_object('version', '4.0', 'consentGiven', active, 'scope', '["federated_learning"]'::jsonb)`

/** The mapping that every method does, in its two spellings: as operations that render as SQL, and as a function of TypeScript. */
import type { Json } from '../../src/core/json.ts'

/** The values of the new row as a person would write them in SQL, in the order of `targetColumns`. Row `s` is the old one. */
export const targetColumns = 'id, email, created_at, status, first_name, last_name, profile'
export const computed = `s.id, s.email, s.created_at, CASE WHEN s.active THEN 'active' ELSE 'inactive' END,
  split_part(s.name, ' ', 1), split_part(s.name, ' ', 2),
  (s.profile - 'legacy_flag' - 'tmp') || jsonb_build_object('version', 4, 'origin', 'v3')`

/** What the server can do by itself with the document: every operation of it renders as SQL. */
const profile: readonly Json[] = [
  { op: 'remove', path: '/profile/legacy_flag' },
  { op: 'remove', path: '/profile/tmp' },
  { op: 'add', path: '/profile/version', default: 4 },
  { op: 'add', path: '/profile/origin', default: 'v3' },
]

export const sqlLens: Json = [
  {
    op: 'map',
    path: 'active',
    pairs: [
      [true, 'active'],
      [false, 'inactive'],
    ],
  },
  { op: 'rename', from: 'active', to: 'status' },
  { op: 'split', from: 'name', to: ['first_name', 'last_name'], separator: ' ' },
  ...profile,
]

/** Names and status by a function of TypeScript, in lens.mjs beside this file; the document by operations. */
export const typescriptLens: Json = [
  {
    op: 'fn',
    ref: './lens.mjs#people',
    takes: ['active', 'name'],
    gives: ['status', 'first_name', 'last_name'],
  },
  ...profile,
]

/** All by one function, which takes and gives the whole document: the dearest that a person can write. */
export const documentLens: Json = [
  {
    op: 'fn',
    ref: './lens.mjs#users',
    takes: ['active', 'name', 'profile'],
    gives: ['status', 'first_name', 'last_name', 'profile'],
  },
]

/** In place: the consent of a user moves from a flag into a record beside it. */
export const inPlaceLens: Json = [
  {
    op: 'object',
    to: 'consent_records',
    fields: {
      version: { constant: '4.0' },
      consentGiven: { from: 'active' },
      scope: { constant: ['federated_learning'] },
    },
  },
]
export const inPlaceUpdate = `consent_records = jsonb_build_object('version', '4.0', 'consentGiven', active, 'scope', '["federated_learning"]'::jsonb)`

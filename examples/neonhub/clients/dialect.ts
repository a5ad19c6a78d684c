/** The two shapes in which a client may speak of users and models. Everything else about a client is the same for both. */
import { type Exact, field, settled, whole } from './exact.ts'
import type { Client } from './stats.ts'

/** `scope` is null where the dialect has no word for it. */
export interface SeenUser {
  readonly id: number
  readonly email: string
  readonly consent: Exact
  readonly scope: readonly Exact[] | null
}

/** `data` is settled text. */
export interface SeenModel {
  readonly id: number
  readonly version: number
  readonly data: string
}

/** `data` is JSON text that goes out byte by byte. */
export interface Dialect {
  readonly client: Client
  readonly base: string
  user(body: Exact): SeenUser
  model(body: Exact): SeenModel
  consent(given: boolean, scope: readonly string[]): string
  newUser(email: string, name: string, given: boolean, scope: readonly string[]): string
  newModel(owner: number, name: string, data: string): string
  changedModel(data: string): string
}

/** A text, or nothing where there is something else. */
function text(value: Exact): string {
  return typeof value === 'string' ? value : ''
}

export const v3Dialect: Dialect = {
  client: 'v3',
  base: '/api/v3',
  user: (body) => ({
    id: whole(field(body, 'id')),
    email: text(field(body, 'email')),
    consent: field(body, 'consent_given'),
    scope: null,
  }),
  model: (body) => ({
    id: whole(field(body, 'id')),
    version: whole(field(body, 'version')),
    data: settled(field(body, 'model_data')),
  }),
  consent: (given) => JSON.stringify({ consent_given: given }),
  newUser: (email, name, given) => JSON.stringify({ email, name, region: 'eu-central-1', consent_given: given }),
  newModel: (owner, name, data) => `{"owner_id": ${owner}, "name": ${JSON.stringify(name)}, "model_data": ${data}}`,
  changedModel: (data) => `{"model_data": ${data}}`,
}

export const v4Dialect: Dialect = {
  client: 'v4',
  base: '/api/v1',
  user: (body) => {
    const scope = field(body, 'consentRecords', 'scope')
    const given = field(body, 'consentRecords', 'consentGiven')
    return {
      id: whole(field(body, 'id')),
      email: text(field(body, 'email')),
      consent: given,
      scope: Array.isArray(scope) ? scope : [],
    }
  },
  model: (body) => {
    const data = field(body, 'federationModelData', 'data')
    return { id: whole(field(body, 'id')), version: whole(field(body, 'version')), data: settled(data) }
  },
  consent: (given, scope) => JSON.stringify({ consentGiven: given, scope }),
  newUser: (email, name, given, scope) =>
    JSON.stringify({ email, name, region: 'eu-central-1', consentGiven: given, scope }),
  newModel: (owner, name, data) => `{"ownerId": ${owner}, "name": ${JSON.stringify(name)}, "data": ${data}}`,
  changedModel: (data) => `{"data": ${data}}`,
}

/** What a node of the federation says about itself, and who may register one. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Asked, Refusal } from '../service/serve.ts'

export interface FederationNode {
  readonly nodeId: string
  readonly name: string
  readonly region: string
  readonly capabilities: readonly string[]
  readonly endpoints: Readonly<Record<string, unknown>>
  readonly resources: Readonly<Record<string, unknown>>
  readonly compliance: Readonly<Record<string, unknown>>
}

/** The node that a body registers; a 422 names the field that is wrong. */
export function nodeFrom(body: Readonly<Record<string, unknown>>): FederationNode {
  const text = (field: string): string => {
    const value = body[field]
    if (typeof value !== 'string' || value === '' || value.length > 255)
      throw new Refusal(422, `"${field}" must be a text of 1 to 255 characters`)
    return value
  }
  const fields = (field: string): Record<string, unknown> => {
    const value = body[field]
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Refusal(422, `"${field}" must be an object`)
    return value as Record<string, unknown>
  }
  const capabilities = body['capabilities']
  if (!Array.isArray(capabilities) || !capabilities.every((each) => typeof each === 'string')) {
    throw new Refusal(422, '"capabilities" must be a list of words')
  }
  return {
    nodeId: text('nodeId'),
    name: text('name'),
    region: text('region'),
    capabilities,
    endpoints: fields('endpoints'),
    resources: fields('resources'),
    compliance: fields('compliance'),
  }
}

/** A 401 unless the request carries the token. Without a token set, nobody may. */
export function needToken(asked: Asked, token: string | null): void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  if (token === null || asked.bearer === null || !timingSafeEqual(digest(asked.bearer), digest(token))) {
    throw new Refusal(401, 'this needs Authorization: Bearer with the token of the federation')
  }
}

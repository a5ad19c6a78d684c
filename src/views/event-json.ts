/** One event as one object for programs. The facts of a plan are left out: they are large, and whole in the journal. */
import type { Event } from '../core/event.ts'
import type { Json } from '../core/json.ts'

export function eventJson(event: Event): Json {
  const { sum: _sum, ...own } = event as Event & { readonly sum?: string }
  if (own.type !== 'run.opened' && own.type !== 'run.amended') return own as unknown as Json
  const { facts: _facts, ...plan } = own.plan
  return { ...own, plan } as unknown as Json
}

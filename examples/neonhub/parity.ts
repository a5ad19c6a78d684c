/** How much of v3's contract v4 keeps: every route asked of both, the answers compared. Changes nothing; both must run on one database in step. */
import { v3Contract } from './parts.ts'

/** `share` from 0 to 1. `different` says of a route what each answered. */
export interface Parity {
  readonly routes: number
  readonly alike: number
  readonly share: number
  readonly different: readonly { readonly route: string; readonly v3: string; readonly v4: string }[]
}

/** What each kind of request is asked with: rows that are there, rows that are not, and bodies that are refused. */
const probes: Readonly<
  Record<
    string,
    { readonly ids: readonly string[]; readonly queries: readonly string[]; readonly bodies: readonly string[] }
  >
> = {
  GET: { ids: ['1', '17', '0', 'x'], queries: ['', '?after=10&limit=3', '?limit=0'], bodies: [''] },
  POST: { ids: [''], queries: [''], bodies: ['{}', '[]', '{"name": 1}'] },
  PUT: {
    ids: ['0', 'x'],
    queries: [''],
    bodies: ['{"consent_given": true, "model_data": {}}', '{"consent_given": 1}', 'no'],
  },
  PATCH: { ids: ['0', 'x'], queries: [''], bodies: ['{"name": "x"}', 'no'] },
}

/** `v3` and `v4` are addresses such as `http://127.0.0.1:8080`. Rejects when one of them does not answer. */
export async function parity(v3: string, v4: string): Promise<Parity> {
  const different: { route: string; v3: string; v4: string }[] = []
  for (const route of v3Contract) {
    const [method, pattern] = route.split(' ') as [string, string]
    const { ids, queries, bodies } = probes[method]!
    const paths = pattern.includes(':id')
      ? ids.map((id) => pattern.replace(':id', id))
      : queries.map((query) => pattern + query)
    const asked = paths.flatMap((path) => bodies.map((body) => ({ path, body })))
    for (const { path, body } of asked) {
      const found = await difference((base) => answer(base, method, path, body), v3, v4)
      if (!found) continue
      different.push({ route, ...found })
      break
    }
  }
  const alike = v3Contract.length - different.length
  return { routes: v3Contract.length, alike, share: alike / v3Contract.length, different }
}

/** A row may be written between the two answers: only what differs three times does differ. */
async function difference(
  ask: (base: string) => Promise<string>,
  v3: string,
  v4: string,
): Promise<{ readonly v3: string; readonly v4: string } | null> {
  for (let times = 1; ; times++) {
    const [left, right] = await Promise.all([ask(v3), ask(v4)])
    if (left === right) return null
    if (times === 3) return { v3: left, v4: right }
  }
}

/** The status and the body, except that each may name its own version. */
async function answer(base: string, method: string, path: string, body: string): Promise<string> {
  const got = await fetch(base + path, { method, ...(body === '' ? {} : { body }), headers: { connection: 'close' } })
  const text = await got.text()
  return `${got.status} ${path.includes('/health') ? text.replace(/"version":"[^"]*"/, '"version":"…"') : text}`
}

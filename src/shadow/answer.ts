/** Two answers to one request, compared: status, headers, and the body by what it is. Pure; asks nobody. */
import { createHash } from 'node:crypto'
import { type Difference, differences } from './diff.ts'
import { parseJson } from './exact-json.ts'
import type { Rules } from './rules.ts'

/** Names in lower case. `body` as it is without any coding of transfer or content. */
export interface SeenAnswer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | readonly string[] }
  readonly body: Buffer
}

/** Headers of one connection or one moment: never compared under `all`. */
const passing = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'trailer',
  'te',
  'upgrade',
  'via',
  'date',
  'age',
  'content-length',
  'content-encoding',
])
/** Their values are credentials or stand for one: of these only the presence is compared. */
const hidden = new Set(['set-cookie', 'www-authenticate', 'authentication-info', 'proxy-authenticate'])

/** Paths begin with `status`, `headers.NAME` and `body`. A body that is not JSON in both is compared by its digest. */
export function compareAnswers(old: SeenAnswer, next: SeenAnswer, rules: Rules): Difference[] {
  const found = [
    ...differences(statusOf(old, rules), statusOf(next, rules), 'status', rules),
    ...differences(headersOf(old, rules), headersOf(next, rules), 'headers', rules),
    ...bodies(old, next, rules),
  ]
  return found.slice(0, rules.most)
}

function statusOf({ status }: SeenAnswer, rules: Rules): number | string {
  return rules.status === 'exact' ? status : `${Math.floor(status / 100)}xx`
}

function headersOf({ headers }: SeenAnswer, { headers: wanted }: Rules): { readonly [name: string]: string } {
  const names = wanted === 'all' ? Object.keys(headers).filter((name) => !passing.has(name)) : wanted
  const values = names.flatMap((name) => {
    const value = headers[name]
    if (value === undefined) return []
    return [
      [name, hidden.has(name) ? '(set)' : oneSpelling(name, typeof value === 'string' ? value : value.join(', '))],
    ]
  })
  return Object.fromEntries(values) as { readonly [name: string]: string }
}

/** `text/html;charset=UTF-8` and `text/html; charset=utf-8` say the same. */
function oneSpelling(name: string, value: string): string {
  return name === 'content-type'
    ? value
        .toLowerCase()
        .replace(/\s*;\s*/g, '; ')
        .replaceAll('"', '')
    : value.trim()
}

function bodies(old: SeenAnswer, next: SeenAnswer, rules: Rules): readonly Difference[] {
  if (old.body.equals(next.body)) return []
  const [a, b] = [jsonOf(old), jsonOf(next)]
  if (a !== undefined && b !== undefined) return differences(a, b, 'body', rules)
  return differences(digestOf(old.body), digestOf(next.body), 'body', rules)
}

function jsonOf({ headers, body }: SeenAnswer): ReturnType<typeof parseJson> {
  const type = headers['content-type']
  return typeof type === 'string' && /[/+]json\s*(;|$)/i.test(type) ? parseJson(body.toString()) : undefined
}

function digestOf(body: Buffer): string | undefined {
  return body.length === 0 ? undefined : `sha256:${createHash('sha256').update(body).digest('hex')}`
}

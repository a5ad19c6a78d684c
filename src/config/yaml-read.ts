/** YAML read by the `yaml` package: values, places of keys, errors with their place. Changes nothing. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Document,
  type YAMLMap,
} from 'yaml'
import type { Json } from '../core/json.ts'
import { duplicateKey, syntaxError } from './error.ts'

/** The documents of a text; no document where there is nothing but comments. Error `config.syntax`. */
export function parse(text: string, file: string): readonly Document[] {
  const parsed = parseAllDocuments(text, {
    merge: true,
    keepSourceTokens: true,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: new LineCounter(),
  })
  const documents = Array.isArray(parsed) ? (parsed as Document[]) : []
  for (const each of documents) {
    const first = each.errors[0]
    if (first?.code === 'DUPLICATE_KEY')
      throw duplicateKey(file, text, first.pos[0], pathTo(each.contents, first.pos[0]))
    if (first)
      throw syntaxError(
        file,
        text,
        first.pos[0],
        lower(first.message),
        'mend the YAML there: indentation, a quote or a bracket, as a rule',
      )
  }
  return documents
}

function lower(message: string): string {
  const line = message.split('\n')[0]!
  return line[0]!.toLowerCase() + line.slice(1)
}

/** The path of the key at an offset. */
function pathTo(node: unknown, offset: number): readonly string[] {
  const items = isMap(node) ? node.items : isSeq(node) ? node.items.map((value, i) => ({ key: String(i), value })) : []
  for (const { key, value } of items as readonly Pair[]) {
    const name = isScalar(key) ? String(key.value) : String(key)
    if (isScalar(key) && key.range?.[0] === offset) return [name]
    const range = (value as Node | null)?.range
    if (range && range[0] <= offset && offset < range[2]) return [name, ...pathTo(value, offset)]
  }
  return []
}

/** The value of a text: a map by number where it holds several documents. */
export function read(text: string, file: string): Json {
  const documents = parse(text, file)
  const values = documents.map((each) => plain(aliasesSafe(each, text, file)))
  if (values.length > 1) return Object.fromEntries(values.map((value, i) => [String(i), value]))
  return values[0] ?? {}
}

function aliasesSafe(document: Document, text: string, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000, mapAsMap: true })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw syntaxError(
      file,
      text,
      document.range?.[0] ?? 0,
      lower(message),
      'mend the alias, or the anchor that it names',
    )
  }
}

/** What JSON cannot say becomes text: dates, big integers, keys that are not text. */
function plain(value: unknown): Json {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [keyText(key), plain(each)]))
  if (value instanceof Set) return Object.fromEntries([...value].map((key) => [keyText(key), null]))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || value === undefined)
    return value ?? null
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value instanceof Date ? value.toISOString() : String(value as bigint)
}

/** The text of a key, as paths name it. */
function keyText(key: unknown): string {
  return typeof key === 'object' && key !== null ? JSON.stringify(plain(key)) : String(key)
}

/** The pair of a map by the text of its key, without those that merges bring. */
export function pairOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find(
    ({ key }) => isScalar(key) && keyText(key.value) === name && !(name === '<<' && isMerge(map, name)),
  )
}

function isMerge(map: YAMLMap, name: string): boolean {
  return map.items.some(
    ({ key, value }) => isScalar(key) && key.value === name && (isAlias(value) || isMap(value) || isSeq(value)),
  )
}

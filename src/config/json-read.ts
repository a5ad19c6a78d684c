/** JSON read by `jsonc-parser`: values, and the place of every key. Changes nothing. */
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import type { Json } from '../core/json.ts'
import { duplicateKey, syntaxError } from './error.ts'

/** The tree of a text. Error `config.syntax` with its place. */
export function parse(text: string, file: string): Node {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  const first = errors[0]
  if (first !== undefined || root === undefined) {
    const words =
      first === undefined ? 'value expected' : printParseErrorCode(first.error).replaceAll(/(?<=.)([A-Z])/g, ' $1')
    throw syntaxError(
      file,
      text,
      first?.offset ?? 0,
      words.toLowerCase(),
      'mend the JSON there: a missing comma, quote or bracket, as a rule',
    )
  }
  return root
}

/** The value of a text. */
export function read(text: string, file: string): Json {
  return valueOf(parse(text, file), [], (node, path) => duplicateKey(file, text, node.offset, path))
}

function valueOf(node: Node, path: readonly string[], twice: (key: Node, path: readonly string[]) => Error): Json {
  if (node.type === 'array') return (node.children ?? []).map((each, i) => valueOf(each, [...path, String(i)], twice))
  if (node.type !== 'object') return node.value as Json
  const fields = new Map<string, Json>()
  for (const { key, value } of properties(node)) {
    const name = key.value as string
    if (fields.has(name)) throw twice(key, [...path, name])
    fields.set(name, valueOf(value, [...path, name], twice))
  }
  return Object.fromEntries(fields)
}

/** A member of an object: `node` holds both. */
interface Property {
  readonly key: Node
  readonly value: Node
  readonly node: Node
}

/** The members of an object, in the order of the file. */
export function properties(node: Node): readonly Property[] {
  return (node.children ?? []).map((each) => ({ node: each, key: each.children![0]!, value: each.children![1]! }))
}

/** The node of a value, and the property or item that holds it. */
interface Found {
  readonly value: Node
  readonly holder: Node
}

/** Where a path leads; undefined where nothing is. */
export function find(root: Node, path: readonly string[]): Found | undefined {
  let found: Found | undefined = { value: root, holder: root }
  for (const part of path) {
    const at: Node = found.value
    if (at.type === 'array') {
      const item = at.children?.[Number(part)]
      found = item && { value: item, holder: item }
    } else {
      const property = at.type === 'object' ? properties(at).find((each) => each.key.value === part) : undefined
      found = property && { value: property.value, holder: property.node }
    }
    if (!found) return undefined
  }
  return found
}

/** Behind the last character of a node. */
export function end(node: Node): number {
  return node.offset + node.length
}

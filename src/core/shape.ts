/** What a zod shape says about a value that does not fit it: lines that name the path, the nearest key, and what was seen. Knows no noun. */
import type { z } from 'zod'
import { type ErrorCode, suggestion } from './errors.ts'

export type Path = readonly PropertyKey[]

/** Where a path of the plan file stands, for the beginning of a message: file, line where it is known, path. */
export type Locate = (path: Path) => string

export interface Complaint {
  readonly code: Extract<ErrorCode, 'plan.invalid' | 'plan.unknown-key'>
  readonly message: string
  /** The keys that are known where one was not. */
  readonly known?: string
}

/** The shape's issues with `value`; `base` is the path of the value in the file. Unknown keys come alone: what they hide is their consequence. */
export function complaintOf(
  issues: readonly z.core.$ZodIssue[],
  shape: z.core.$ZodType,
  value: unknown,
  locate: Locate,
  base: Path = [],
): Complaint {
  const all = issues.flatMap((issue) => nearestIssues(issue))
  const lost = all.filter((issue) => issue.code === 'unrecognized_keys')
  if (lost.length === 0) {
    const lines = all.map((issue) => `${locate([...base, ...issue.path])}: ${worded(issue, shape, value)}`)
    return { code: 'plan.invalid', message: [...new Set(lines)].join('\n') }
  }
  const lines = lost.flatMap((issue) => {
    const known = keysAt(shape, issue.path)
    const at = [...base, ...issue.path]
    // A shape that checks by its own code says itself what it knows.
    if (known.length === 0) return [`${locate([...at, issue.keys[0] ?? ''])}: ${issue.message}`]
    return issue.keys.map((key) => `${locate([...at, key])}: unknown key "${key}"${suggestion(key, known)}`)
  })
  const at = lost[0]?.path ?? []
  const known = keysAt(shape, at).join(', ')
  const message = lines.join('\n')
  if (known === '') return { code: 'plan.unknown-key', message }
  return { code: 'plan.unknown-key', message, known: `keys known at ${showPath([...base, ...at])}: ${known}` }
}

/** Where a value holds the key `__proto__`, which no shape sees: it must be refused, as it would be dropped in silence. */
export function protoIn(value: unknown, path: Path = [], seen = new Set<object>()): Path | undefined {
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
  if (Object.hasOwn(value, '__proto__')) return [...path, '__proto__']
  seen.add(value)
  for (const [key, each] of Object.entries(value)) {
    const found = protoIn(each, [...path, Array.isArray(value) ? Number(key) : key], seen)
    if (found) return found
  }
  return undefined
}

/** `steps[0].spec`, or "top level". */
export function showPath(path: Path): string {
  if (path.length === 0) return 'top level'
  return path
    .map((each, index) => (typeof each === 'number' ? `[${each}]` : `${index === 0 ? '' : '.'}${String(each)}`))
    .join('')
}

/** Of a union, the branch that came furthest is the one that was meant. */
function nearestIssues(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const depth = (branch: readonly z.core.$ZodIssue[]) => Math.max(0, ...branch.map((each) => each.path.length))
  const lost = (branch: readonly z.core.$ZodIssue[]) => branch.some((each) => each.code === 'unrecognized_keys')
  const rank = (branch: readonly z.core.$ZodIssue[]) => depth(branch) + (lost(branch) ? 0.5 : 0)
  const [best] = [...issue.errors].sort((a, b) => rank(b) - rank(a))
  if (!best || rank(best) === 0) return [issue]
  return best.flatMap((each) => nearestIssues({ ...each, path: [...issue.path, ...each.path] } as z.core.$ZodIssue))
}

/** The issue in our words where they are plainer: what is missing, and what stands where something of another type is taken. */
function worded(issue: z.core.$ZodIssue, shape: z.core.$ZodType, value: unknown): string {
  const at = valueAt(value, issue.path)
  if (issue.code !== 'invalid_type') return `${issue.message}${wished(issue, shape, at)}`
  const wanted = typeWords[issue.expected] ?? issue.expected
  if (at === undefined) return `is missing; it takes ${wanted}`
  const text = JSON.stringify(at)
  const quotes = issue.expected === 'string' && (typeof at === 'number' || typeof at === 'boolean')
  return `takes ${wanted}, not ${shortened(text)}${quotes ? `; write "${text}"` : ''}`
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'names with values',
  record: 'names with values',
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (now, key) => (typeof now === 'object' && now !== null ? Reflect.get(now, key) : undefined),
    value,
  )
}

/** What was seen, and the nearest of the words that are allowed there. */
function wished(issue: z.core.$ZodIssue, shape: z.core.$ZodType, at: unknown): string {
  if (issue.code === 'custom') return ''
  if (typeof at !== 'string' && typeof at !== 'number' && typeof at !== 'boolean') return ''
  const text = JSON.stringify(at)
  const near = typeof at === 'string' ? suggestion(at, wordsAt(shape, issue)) : ''
  return `, not ${shortened(text)}${near}`
}

function wordsAt(shape: z.core.$ZodType, issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  if (issue.code !== 'invalid_union') return []
  const found = shapesAt(shape, issue.path).flatMap((each) => {
    const { def } = (each as z.core.$ZodTypes)._zod
    if (def.type === 'literal') return def.values.map(String)
    return def.type === 'enum' ? Object.values(def.entries).map(String) : []
  })
  return [...new Set(found)]
}

function keysAt(shape: z.core.$ZodType, path: Path): readonly string[] {
  const found = shapesAt(shape, path).flatMap((each) => {
    const { def } = (each as z.core.$ZodTypes)._zod
    return def.type === 'object' ? Object.keys(def.shape) : []
  })
  return [...new Set(found)]
}

/** Every shape that may stand at a path: all branches of a union. */
function shapesAt(shape: z.core.$ZodType, path: Path): readonly z.core.$ZodType[] {
  let now = opened(shape)
  for (const key of path) now = now.flatMap((each) => within(each, key)).flatMap(opened)
  return now
}

function within(shape: z.core.$ZodType, key: PropertyKey): readonly z.core.$ZodType[] {
  const { def } = (shape as z.core.$ZodTypes)._zod
  if (def.type === 'object') return def.shape[String(key)] === undefined ? [] : [def.shape[String(key)]!]
  if (def.type === 'array') return [def.element]
  return def.type === 'record' ? [def.valueType] : []
}

function opened(shape: z.core.$ZodType): readonly z.core.$ZodType[] {
  const { def } = (shape as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return opened(def.innerType)
    case 'pipe':
      return opened(def.in)
    case 'lazy':
      return opened(def.getter())
    case 'union':
      return def.options.flatMap(opened)
    case 'intersection':
      return [...opened(def.left), ...opened(def.right)]
    default:
      return [shape]
  }
}

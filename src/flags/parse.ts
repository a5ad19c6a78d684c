/** From a document to a set of flags that can be asked, or a refusal that names what is wrong. Knows no file. */
import { blocks, ChangeoverError, type Finding, isObject, type Json, type JsonObject } from '../core/index.ts'
import { checkFlags, checkStructure } from './check.ts'
import type { Flag, FlagSet, Metadata } from './set.ts'

/**
 * A document of flags (parsed JSON, not its text), as strictly as flagd's schema. Throws `flags.invalid` where `checkFlags` finds a block; the
 * error's `data` holds all findings. The set is a frozen copy: what is changed later is not changed in it.
 */
export function parseFlags(document: unknown): FlagSet {
  return setOf(document, checkFlags(document))
}

/**
 * As flagd itself reads: a rule that cannot work spoils only its own flag, which then answers PARSE_ERROR. For documents that others write.
 * Throws `flags.invalid` where the flags as such are not in shape.
 */
export function readFlags(document: unknown): FlagSet {
  return setOf(document, checkStructure(document))
}

function setOf(document: unknown, findings: readonly Finding[]): FlagSet {
  const [first, ...more] = blocks(findings)
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`
    throw new ChangeoverError('flags.invalid', `${first.message}${others}`, first.help, { data: findings })
  }
  const copy = frozen(document as JsonObject)
  const part = (name: string): JsonObject => (isObject(copy[name]) ? copy[name] : Object.freeze({}))
  return Object.freeze({
    flags: part('flags') as { readonly [key: string]: Flag },
    evaluators: part('$evaluators'),
    metadata: part('metadata') as Metadata,
    document: copy,
  })
}

function frozen<T extends Json>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(frozen)) as unknown as T
  if (!isObject(value)) return value
  return Object.freeze(
    Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, frozen(item)]])),
    ),
  ) as T
}

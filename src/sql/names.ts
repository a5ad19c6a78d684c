/** Names in the trees of libpg_query, as the catalog writes them. Knows no statement. */
import type { Node, RangeVar, TypeName } from 'libpg-query'

/** `public.users`, with the schema of the search path where none is written. */
export function tableName(range: RangeVar | undefined): string {
  return `${range?.schemaname ?? 'public'}.${range?.relname ?? ''}`
}

/** The parts of a list of String nodes. */
export function strings(nodes: readonly Node[] | undefined): readonly string[] {
  return (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []))
}

/** The key of a name given as parts: `public.x`, `s.x`. */
export function partsName(parts: readonly string[]): string {
  return parts.length > 1 ? parts.slice(-2).join('.') : `public.${parts[0] ?? ''}`
}

/** The name of an object in DROP, COMMENT and the like. */
export function objectName(node: Node | undefined): string {
  if (node === undefined) return ''
  if ('List' in node) return partsName(strings(node.List.items))
  if ('String' in node) return node.String.sval ?? ''
  if ('TypeName' in node) return partsName(strings(node.TypeName.names))
  if ('RangeVar' in node) return tableName(node.RangeVar)
  if ('ObjectWithArgs' in node) return partsName(strings(node.ObjectWithArgs.objname))
  return ''
}

/** A type as the parser sees it. `name` is internal and lower case (`int4`, `varchar`, `bpchar`), `args` the modifiers. */
export interface WrittenType {
  readonly schema: string | undefined
  readonly name: string
  readonly args: readonly number[]
  readonly array: boolean
}

export function writtenType(type: TypeName | undefined): WrittenType {
  const names = strings(type?.names)
  const args = (type?.typmods ?? []).flatMap((node) =>
    'A_Const' in node && node.A_Const.ival ? [node.A_Const.ival.ival ?? 0] : [],
  )
  return {
    schema: names.length > 1 ? names[0] : undefined,
    name: names.at(-1) ?? '',
    args,
    array: (type?.arrayBounds?.length ?? 0) > 0,
  }
}

/** True for a type of the server itself, written with or without `pg_catalog`. */
export function builtin(type: WrittenType): boolean {
  return type.schema === undefined || type.schema === 'pg_catalog'
}

/** Every node below and at `value`, parents first. Keeps its own stack: expressions may be thousands of levels deep. */
export function* walk(value: unknown): Generator<{ readonly type: string; readonly node: Record<string, unknown> }> {
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (next instanceof Named) yield { type: next.type, node: next.node }
    const inside = next instanceof Named ? next.node : next
    if (Array.isArray(inside)) for (let at = inside.length - 1; at >= 0; at--) open.push(inside[at])
    else if (typeof inside === 'object' && inside !== null) {
      for (const [key, inner] of Object.entries(inside).toReversed()) {
        if (typeof inner !== 'object' || inner === null) continue
        const names = /^[A-Z]/.test(key) && !Array.isArray(inner)
        open.push(names ? new Named(key, inner as Record<string, unknown>) : inner)
      }
    }
  }
}

class Named {
  readonly type: string
  readonly node: Record<string, unknown>
  constructor(type: string, node: Record<string, unknown>) {
    this.type = type
    this.node = node
  }
}

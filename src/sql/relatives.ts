/** Tables that are locked with another: its partitions and children, and those joined to it by a foreign key. Asks only the facts. */
import { type World, tableFacts } from './world.ts'

/** A foreign key as the server prints it, read back. */
export interface ForeignKey {
  readonly name: string
  readonly columns: readonly string[]
  readonly target: string
}

export function foreignKeys(world: World, table: string): readonly ForeignKey[] {
  return Object.entries(tableFacts(world, table)?.constraints ?? {}).flatMap(([name, definition]) => {
    const found = /^FOREIGN KEY \((.*?)\) REFERENCES ("?[\w."]+)/.exec(definition)
    if (!found) return []
    const target = found[2]!.replaceAll('"', '')
    const columns = found[1]!.split(', ').map((each) => each.replaceAll('"', ''))
    return [{ name, columns, target: target.includes('.') ? target : `public.${target}` }]
  })
}

/** Tables with a foreign key to this one, this one left out. */
export function referring(world: World, table: string): readonly string[] {
  return Object.keys(world.facts?.tables ?? {}).filter(
    (name) => name !== table && foreignKeys(world, name).some(({ target }) => target === table),
  )
}

/** Partitions and children, and theirs. */
export function descendants(world: World, table: string): readonly string[] {
  const own = Object.entries(world.facts?.tables ?? {}).flatMap(([name, { partition = '', inherits = '' }]) => {
    const parents = [parentIn(partition), ...inherits.split(', ').map(keyed)]
    return parents.includes(table) ? [name] : []
  })
  return own.flatMap((each) => [each, ...descendants(world, each)])
}

export function parentOf(world: World, table: string): string | undefined {
  return parentIn(tableFacts(world, table)?.partition ?? '')
}

/** The partition that takes the rows of no other: it is locked, and read, when another one comes. */
export function defaultPartition(world: World, table: string): string | undefined {
  return descendants(world, table).find(
    (each) => parentOf(world, each) === table && tableFacts(world, each)?.partition?.endsWith(' DEFAULT'),
  )
}

/** True for a table known to be divided, by the facts or by the script. */
export function isPartitioned(world: World, table: string): boolean {
  return world.partitioned.has(table) || tableFacts(world, table)?.partition?.startsWith('BY ') === true
}

/** `OF public.events FOR VALUES …`, also after its own `BY RANGE (…)`. */
function parentIn(partition: string): string | undefined {
  const found = /(?:^| )OF ("?[\w."]+) (?:FOR VALUES |DEFAULT$)/.exec(partition)?.[1]
  return found === undefined ? undefined : keyed(found)
}

function keyed(name: string): string {
  const plain = name.replaceAll('"', '')
  return plain.includes('.') ? plain : `public.${plain}`
}

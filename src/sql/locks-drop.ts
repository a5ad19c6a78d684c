/** The locks of DROP: the object, the table it belongs to, and what is tied to that. */
import type { DropStmt, Node } from 'libpg-query'
import type { LockMode, Touch } from './lock.ts'
import { objectName, strings } from './names.ts'
import { descendants, foreignKeys, parentOf, referring } from './relatives.ts'
import type { World } from './world.ts'

export function dropLocks(stmt: DropStmt, world: World): readonly Touch[] {
  const mode: LockMode = stmt.concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE'
  return (stmt.objects ?? []).flatMap((object) => {
    const name = objectName(object)
    if (stmt.removeType === 'OBJECT_INDEX') {
      const table = indexTable(world, name)
      const tables = table === undefined ? [] : [table, ...descendants(world, table)]
      return [...touch(name, mode), ...tables.flatMap((each) => touch(each, mode))]
    }
    if (stmt.removeType === 'OBJECT_TABLE') {
      const parent = parentOf(world, name)
      const others = [...peersOf(world, name), ...descendants(world, name), ...(parent === undefined ? [] : [parent])]
      return [name, ...others].flatMap((each) => touch(each, 'ACCESS EXCLUSIVE'))
    }
    if (
      stmt.removeType === 'OBJECT_VIEW' ||
      stmt.removeType === 'OBJECT_MATVIEW' ||
      stmt.removeType === 'OBJECT_SEQUENCE'
    )
      return touch(name, mode)
    if (
      stmt.removeType === 'OBJECT_TRIGGER' ||
      stmt.removeType === 'OBJECT_POLICY' ||
      stmt.removeType === 'OBJECT_RULE'
    )
      return touch(ownerOf(object), mode)
    return []
  })
}

/** `DROP TRIGGER t ON s.x` names the table in all parts but the last. */
export function ownerOf(object: Node): string {
  const parts = 'List' in object ? strings(object.List.items).slice(0, -1) : []
  return parts.length > 1 ? parts.join('.') : `public.${parts[0] ?? ''}`
}

/** The table of an index, from the script or the facts. */
export function indexTable(world: World, index: string): string | undefined {
  const made = world.indexes.get(index)
  if (made) return made.table
  const name = index.slice(index.indexOf('.') + 1)
  return Object.entries(world.facts?.tables ?? {}).find(
    ([table, facts]) => table.split('.')[0] === index.split('.')[0] && facts.indexes[name],
  )?.[0]
}

/** Tables joined to `table` by a foreign key, either way, as far as the facts know. */
function peersOf(world: World, table: string): readonly string[] {
  const targets = foreignKeys(world, table).map(({ target }) => target)
  return [...targets.filter((each) => each !== table), ...referring(world, table)]
}

function touch(object: string, mode: LockMode): readonly Touch[] {
  return [{ object, mode, work: [] }]
}

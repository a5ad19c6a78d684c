/** A script cut into parts: what can share a transaction stays together, what cannot stands alone. Pure. */
import type { Catalog } from '../../core/ports/index.ts'
import {
  type LockMode,
  type Statement,
  nameTaken,
  needsOwnTransaction,
  rank,
  scriptLocks,
  settledNames,
  tableName,
  objectName,
} from '../../sql/index.ts'

/** One statement. `tolerant` is the same, where what it drops may be gone already. `look` tells how to see that it was done. */
export type Line = { readonly text: string; readonly tolerant: string; readonly look: Look | null }

/** `index`: done when it is there and valid; an invalid one is dropped first. `gone`: done when the index is not there. `detached`: when the partition is none. */
type Look = { readonly type: 'index' | 'gone' | 'detached'; readonly object: string }

export type Part = {
  readonly together: boolean
  readonly lines: readonly Line[]
  readonly locks: readonly { readonly object: string; readonly mode: LockMode }[]
}

export interface Script {
  readonly parts: readonly Part[]
  /** Statements that this kind does not run, with the reason. */
  readonly refused: readonly string[]
  /** The script opens transactions by itself. */
  readonly written: boolean
}

export function cut(sql: string, facts: Catalog): Script {
  const parts: { together: boolean; lines: Line[]; locks: Part['locks'] }[] = []
  const refused: string[] = []
  let open = false
  let written = false
  for (const { statement, locks } of scriptLocks(sql, facts)) {
    const { node } = statement
    if ('TransactionStmt' in node) {
      const kind = node.TransactionStmt.kind ?? ''
      if (!/_(BEGIN|START|COMMIT)$/.test(kind))
        refused.push(`${statement.text.slice(0, 40)}: only BEGIN and COMMIT may stand in a script`)
      ;[open, written] = [false, true]
      continue
    }
    const alone = needsOwnTransaction(node)
    const look = alone ? lookOf(statement) : null
    const earlier = parts.flatMap((part) => part.lines.map(({ text }) => text))
    refused.push(...hidden(statement, look, facts, earlier))
    const settings = lasting(parts.flatMap((part) => part.lines))
    if (alone && settings.some(({ text }) => leads.test(text)))
      refused.push(
        `${statement.text.slice(0, 60)}: no transaction can hold it, and what SET says before does not reach it`,
      )
    if (alone && look === undefined)
      refused.push(`${statement.text.slice(0, 60)}: cannot run in a transaction, and nothing tells whether it was done`)
    const line: Line = { text: statement.text, tolerant: tolerant(statement.text), look: look ?? null }
    const wanted = locks
      .filter((each) => rank(each.mode) >= rank('SHARE UPDATE EXCLUSIVE'))
      .map(({ object, mode }) => ({ object, mode }))
    const last = parts.at(-1)
    if (!alone && open && last) {
      last.lines.push(line)
      last.locks = [...last.locks, ...wanted]
    } else parts.push({ together: !alone, lines: alone ? [line] : [...settings, line], locks: alone ? [] : wanted })
    open = !alone
  }
  return { parts, refused, written }
}

/** How to see whether a statement that stands alone was done; null where doing it twice does no harm; undefined where nothing tells. */
function lookOf({ node }: Statement): Look | null | undefined {
  if ('IndexStmt' in node) {
    if (!node.IndexStmt.idxname) return undefined
    return { type: 'index', object: `${node.IndexStmt.relation?.schemaname ?? 'public'}.${node.IndexStmt.idxname}` }
  }
  if ('DropStmt' in node) return { type: 'gone', object: objectName(node.DropStmt.objects?.[0]) }
  if ('ReindexStmt' in node || 'VacuumStmt' in node || 'ClusterStmt' in node) return null
  const cmd = 'AlterTableStmt' in node ? node.AlterTableStmt.cmds?.[0] : undefined
  const def = cmd && 'AlterTableCmd' in cmd ? cmd.AlterTableCmd.def : undefined
  return def && 'PartitionCmd' in def ? { type: 'detached', object: tableName(def.PartitionCmd.name) } : undefined
}

/** Looked at by its name, an index of another table would pass for the one that is to be made. */
function hidden(
  { node, text }: Statement,
  look: Look | null | undefined,
  facts: Catalog,
  earlier: readonly string[],
): readonly string[] {
  if (look?.type !== 'index' || !('IndexStmt' in node) || node.IndexStmt.if_not_exists) return []
  // The script may have made room for it.
  const { idxname = '' } = node.IndexStmt
  if (earlier.some((each) => each.includes(idxname))) return []
  const owner = nameTaken(facts, look.object)
  if (owner === undefined || owner === tableName(node.IndexStmt.relation)) return []
  return [`${text.slice(0, 60)}: "${look.object}" is there already, it belongs to "${owner}"`]
}

/** What a script sets for its session must hold in each of its parts: every part has a connection of its own. */
export function lasting(lines: readonly Line[]): readonly Line[] {
  return lines.filter(
    ({ text }, index) => setting.test(text) && lines.findLastIndex((each) => each.text === text) === index,
  )
}

const setting = /^(SET|RESET)\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)/i
/** Settings that decide where a name leads, or who asks. */
const leads = /^SET\s+(SESSION\s+)?(search_path|SCHEMA|ROLE|AUTHORIZATION)\b/i

/** For a way back from half of the way there: what was never made need not be dropped. */
function tolerant(text: string): string {
  return text
    .replace(
      /^(DROP\s+(?:MATERIALIZED\s+VIEW|FOREIGN\s+TABLE|INDEX(?:\s+CONCURRENTLY)?|\w+))\s+(?!IF\s|CONCURRENTLY)/i,
      '$1 IF EXISTS ',
    )
    .replace(/^ALTER\s+TABLE\s+(?!IF\s)/i, 'ALTER TABLE IF EXISTS ')
    .replace(/\bDROP\s+(COLUMN|CONSTRAINT)\s+(?!IF\s)/gi, 'DROP $1 IF EXISTS ')
}

/** Tables that a script drops, and did not make itself. */
export function droppedTables(sql: string, facts: Catalog): readonly string[] {
  return settledNames(sql, facts).flatMap((node) =>
    'DropStmt' in node && node.DropStmt.removeType === 'OBJECT_TABLE'
      ? (node.DropStmt.objects ?? []).map(objectName)
      : [],
  )
}

/** Columns that a script drops, as `public.t.c`. */
export function droppedColumns(sql: string, facts: Catalog): readonly string[] {
  return settledNames(sql, facts).flatMap((node) => {
    if (!('AlterTableStmt' in node)) return []
    const table = tableName(node.AlterTableStmt.relation)
    return (node.AlterTableStmt.cmds ?? []).flatMap((each) =>
      'AlterTableCmd' in each && each.AlterTableCmd.subtype === 'AT_DropColumn'
        ? [`${table}.${each.AlterTableCmd.name}`]
        : [],
    )
  })
}

/** A statement on one line, short enough for a preview. */
export function shortened(text: string, most = 160): string {
  const line = text
    .replace(/--[^\n]*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

/** What a table has only now and then: rights, policies, comments, storage options. Knows no column and no index. */
import type { AlterTableCmd, CommentStmt, GrantStmt, Node } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { objectName, strings, tableName } from '../names.ts'
import { type Draft, type DraftTable, known } from './draft.ts'

/** Follows GRANT, REVOKE, COMMENT and policies. False for any other statement. */
export function changeExtras(draft: Draft, node: Node): boolean {
  if ('GrantStmt' in node) grant(draft, node.GrantStmt)
  else if ('CommentStmt' in node) comment(draft, node.CommentStmt)
  else if ('CreatePolicyStmt' in node)
    policy(known(draft, tableName(node.CreatePolicyStmt.table)), node.CreatePolicyStmt.policy_name ?? '')
  else if ('AlterPolicyStmt' in node)
    policy(known(draft, tableName(node.AlterPolicyStmt.table)), node.AlterPolicyStmt.policy_name ?? '')
  else return false
  return true
}

/** Follows the forms of ALTER TABLE that change them. False for any other form. */
export function alterExtras(facts: DraftTable, { subtype }: AlterTableCmd): boolean {
  const [on, forced] = securityOf(facts)
  if (subtype === 'AT_SetRelOptions' || subtype === 'AT_ResetRelOptions') facts.options = unknown
  else if (subtype === 'AT_EnableRowSecurity') secure(facts, true, forced)
  else if (subtype === 'AT_DisableRowSecurity') secure(facts, false, forced)
  else if (subtype === 'AT_ForceRowSecurity') secure(facts, on, true)
  else if (subtype === 'AT_NoForceRowSecurity') secure(facts, on, false)
  else return false
  return true
}

/** DROP POLICY name ON table: the name comes last. */
export function dropPolicy(draft: Draft, object: Node): void {
  if (!('List' in object)) return
  const parts = strings(object.List.items)
  const facts = known(draft, parts.length > 2 ? parts.slice(-3, -1).join('.') : `public.${parts[0] ?? ''}`)
  if (typeof facts?.policies === 'object') setField(facts, 'policies', parts.at(-1) ?? '', undefined)
}

/** Texts that print the names of columns are printed anew. */
export function blurExtras(facts: DraftTable): void {
  for (const name of ['rights', 'policies', 'comments', 'partition'] as const)
    if (facts[name] !== undefined) facts[name] = unknown
}

/** What is kept of one column goes with it. */
export function forgetColumn(facts: DraftTable, column: string): void {
  if (typeof facts.comments === 'object') setField(facts, 'comments', column, undefined)
  if (facts.rights !== undefined) facts.rights = unknown
}

/** What the server writes down is its own text, and a right may have been there before. */
function grant(draft: Draft, stmt: GrantStmt): void {
  if (stmt.objtype !== 'OBJECT_TABLE') return
  const named = (stmt.objects ?? []).map(objectName)
  const all = stmt.targtype === 'ACL_TARGET_ALL_IN_SCHEMA'
  for (const table of Object.keys(draft.tables)) {
    const facts = known(draft, table)
    if (facts && (all ? named.includes(table.split('.')[0]!) : named.includes(table))) facts.rights = unknown
  }
}

function comment(draft: Draft, { objtype, object, comment: text }: CommentStmt): void {
  if (objtype !== 'OBJECT_TABLE' && objtype !== 'OBJECT_COLUMN') return
  const parts = object && 'List' in object ? strings(object.List.items) : []
  const table = objtype === 'OBJECT_TABLE' ? parts : parts.slice(0, -1)
  const facts = known(draft, table.length > 1 ? table.slice(-2).join('.') : `public.${table[0] ?? ''}`)
  if (facts && facts.comments !== unknown)
    setField(facts, 'comments', objtype === 'OBJECT_TABLE' ? '' : (parts.at(-1) ?? ''), text || undefined)
}

function policy(facts: DraftTable | undefined, name: string): void {
  if (facts && facts.policies !== unknown) setField(facts, 'policies', name, unknown)
}

/** Nothing left is no field at all. */
function setField(facts: DraftTable, field: 'comments' | 'policies', name: string, to: string | undefined): void {
  const held = facts[field]
  const { [name]: _, ...others } = typeof held === 'object' ? held : {}
  const now = to === undefined ? others : { ...others, [name]: to }
  if (Object.keys(now).length > 0) facts[field] = now
  else delete facts[field]
}

function securityOf({ rowSecurity }: DraftTable): readonly [on: boolean, forced: boolean] {
  return [rowSecurity === 'on' || rowSecurity === 'forced', rowSecurity?.startsWith('forced') ?? false]
}

function secure(facts: DraftTable, on: boolean, forced: boolean): void {
  if (on || forced) facts.rowSecurity = on ? (forced ? 'forced' : 'on') : 'forced, but off'
  else delete facts.rowSecurity
}

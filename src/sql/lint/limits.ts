/** Which time limits are in force: SET, SET LOCAL, RESET and set_config. Knows no rule. */
import type { Node } from 'libpg-query'
import { strings, walk } from '../names.ts'

const named = { lock_timeout: 'lock', statement_timeout: 'statement' } as const
type Limit = (typeof named)[keyof typeof named]

/** What a statement says about a limit. `local` ends with the transaction, and outside one it does nothing. */
interface Said {
  readonly limit: Limit
  readonly on: boolean
  readonly local: boolean
}

export class Limits {
  readonly #session: Record<Limit, boolean>
  #local: Partial<Record<Limit, boolean>> = {}
  readonly #given: Readonly<Record<Limit, boolean>>

  /** `given`: limits that whoever runs the script has set; RESET leads back to them. */
  constructor(given: { readonly lock?: boolean; readonly statement?: boolean } = {}) {
    this.#given = { lock: given.lock === true, statement: given.statement === true }
    this.#session = { ...this.#given }
  }

  now(): Readonly<Record<Limit, boolean>> {
    return { ...this.#session, ...this.#local }
  }

  take(node: Node, inTransaction: boolean): void {
    for (const { limit, on, local } of saidBy(node, this.#given)) {
      if (!local) this.#session[limit] = on
      if (!local) delete this.#local[limit]
      else if (inTransaction) this.#local[limit] = on
    }
  }

  endTransaction(): void {
    this.#local = {}
  }
}

function saidBy(node: Node, given: Readonly<Record<Limit, boolean>>): readonly Said[] {
  if ('VariableSetStmt' in node) {
    const { kind, name = '', args, is_local } = node.VariableSetStmt
    const limits =
      kind === 'VAR_RESET_ALL' ? Object.values(named) : name in named ? [named[name as keyof typeof named]] : []
    const set = kind === 'VAR_SET_VALUE' || kind === 'VAR_SET_CURRENT'
    return limits.map((limit) => ({
      limit,
      on: set ? args?.[0] === undefined || counts(args[0]) : given[limit],
      local: is_local === true,
    }))
  }
  return 'SelectStmt' in node
    ? [...walk(node)].flatMap(({ type, node: inner }) => (type === 'FuncCall' ? configured(inner) : []))
    : []
}

/** `set_config('lock_timeout', '1s', true)`. */
function configured(call: Record<string, unknown>): readonly Said[] {
  const [setting, value, local] = (call['args'] ?? []) as Node[]
  const name = setting && 'A_Const' in setting ? (setting.A_Const.sval?.sval ?? '') : ''
  if (strings(call['funcname'] as Node[]).at(-1) !== 'set_config' || !(name in named)) return []
  const inside = local !== undefined && 'A_Const' in local && local.A_Const.boolval?.boolval === true
  return [{ limit: named[name as keyof typeof named], on: value === undefined || counts(value), local: inside }]
}

/** Nought is no limit. */
function counts(value: Node): boolean {
  if (!('A_Const' in value)) return true
  if (value.A_Const.sval) return !/^\s*0+\s*\w*\s*$/.test(value.A_Const.sval.sval ?? '')
  return value.A_Const.ival === undefined || (value.A_Const.ival.ival ?? 0) !== 0
}

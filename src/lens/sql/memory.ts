/** What the other side holds, as SQL. Knows no edit. */
import { reach, toJson } from './forms.ts'
import { absent, type SqlValue } from './value.ts'

/** The other side at one stage. It counts where all of `tests` hold (SQL, never NULL); elsewhere there is no memory at all. */
export interface Held {
  readonly root: SqlValue
  readonly tests: readonly string[]
}

/** Worked out when it is asked for. */
export type Memory = () => Held

export const noMemory: Memory = () => ({ root: absent, tests: [] })

/** What is remembered at a path; absent where nothing is. Of the whole only whether it is there. */
export function remembered(memory: Memory, path: readonly string[]): SqlValue {
  const { root, tests } = memory()
  return onlyWhere(tests, path.length === 0 && root.form !== 'absent' ? something : reach(root, path))
}

const something: SqlValue = { form: 'constant', value: {} }

/** The whole other side, field by field. */
export function rememberedRow(memory: Memory): SqlValue {
  const { root, tests } = memory()
  if (root.form !== 'object' || tests.length === 0) return root
  const fields = [...root.fields].map(([name, value]) => [name, onlyWhere(tests, value)] as const)
  return { ...root, fields: new Map(fields) }
}

/** In JSON, where what is forgotten and a null that is known are two things. */
function onlyWhere(tests: readonly string[], value: SqlValue): SqlValue {
  if (tests.length === 0 || value.form === 'absent') return value
  return { form: 'json', sql: `CASE WHEN ${tests.join(' AND ')} THEN ${toJson(value)} END` }
}

/** What the other side holds, as SQL: where it does not fit the lens it is no memory, and no reason to refuse the row. Knows no edit. */
import { maybeAbsent, reach, toJson } from './forms.ts'
import { absent, type SqlValue } from './value.ts'

/** The other side at one stage. It counts where all of `fits` hold (SQL tests, never NULL); elsewhere there is no memory at all. */
export interface Held {
  readonly root: SqlValue
  readonly fits: readonly string[]
}

/** Worked out when it is asked for. */
export type Memory = () => Held

export const noMemory: Memory = () => ({ root: absent, fits: [] })

/** What is remembered at a path; absent where nothing is. Of the whole only whether it is there. */
export function remembered(memory: Memory, path: readonly string[]): SqlValue {
  const { root, fits } = memory()
  return onlyWhere(fits, path.length === 0 && root.form !== 'absent' ? something : reach(root, path))
}

const something: SqlValue = { form: 'constant', value: {} }

/** The whole other side, field by field. */
export function rememberedRow(memory: Memory): SqlValue {
  const { root, fits } = memory()
  if (root.form !== 'object' || fits.length === 0) return root
  const fields = [...root.fields].map(([name, value]) => [name, onlyWhere(fits, value)] as const)
  return { ...root, fields: new Map(fields) }
}

/** In JSON, where what is forgotten and a null that is known are two things. */
function onlyWhere(tests: readonly string[], value: SqlValue): SqlValue {
  if (tests.length === 0 || value.form === 'absent') return value
  return { form: 'json', sql: `CASE WHEN ${tests.join(' AND ')} THEN ${toJson(value)} END` }
}

/** Whether a value can be put at a path: whatever stands around it must be an object, null or absent. A test for each place that may not be. */
export function fitting(root: SqlValue, path: readonly string[], made: SqlValue): readonly string[] {
  if (made.form === 'absent') return []
  const nothing = maybeAbsent(made) ? `${toJson(made)} IS NULL OR ` : ''
  return path.slice(0, -1).flatMap((_, i): readonly string[] => {
    let around: SqlValue | undefined = reach(root, path.slice(0, i + 1))
    // What was laid over something fits where that does.
    while (around?.form === 'object') around = around.base
    if (around === undefined || around.form === 'absent') return []
    return [`(${nothing}COALESCE(jsonb_typeof(${toJson(around, 'nullable')}), 'null') IN ('object', 'null'))`]
  })
}

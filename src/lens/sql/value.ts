/** Values as SQL while a lens is rendered: what each expression means as a JSON value. Knows no operation. */
import type { Json } from '../../core/json.ts'

/** Why something has no exact SQL. Caught by `toSql`; never seen outside. */
export class NoSql extends Error {}

/**
 * column: an expression of a column's type; SQL NULL is null, and it is not absent (but see `from`).
 * json: an expression of type jsonb; SQL NULL is absent, JSON null is null.
 * constant: a value known now. object: fields over what `base` holds; an absent field was taken away.
 */
export type SqlValue =
  | { readonly form: 'absent' }
  | { readonly form: 'constant'; readonly value: Json }
  | {
      readonly form: 'column'
      readonly sql: string
      readonly type: string
      /** A jsonb without these fields, NULL where it has no other: what `sql` says of `from`. */
      readonly dropped?: { readonly from: string; readonly keys: readonly string[] }
      /** An expression: where this is not NULL and `sql` is, the value was taken away and is absent. */
      readonly from?: string
    }
  | { readonly form: 'json'; readonly sql: string }
  | {
      readonly form: 'object'
      readonly base: SqlValue | undefined
      readonly fields: ReadonlyMap<string, SqlValue>
      readonly at: string
      /** `null`: over what is no object the fields are let go, and it stays as it is. */
      readonly misfit?: Misfit | undefined
    }

export const absent: SqlValue = { form: 'absent' }

/** `refuse`: a value that does not fit raises an error when the expression runs. `null`: it becomes SQL NULL, which is absent or no memory. */
export type Misfit = 'refuse' | 'null'

/** A rule in SQL. Throws `NoSql` for arguments whose form or type it cannot take exactly. */
export type SqlRule = (values: readonly SqlValue[], misfit: Misfit) => SqlValue

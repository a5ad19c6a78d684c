/** `data.transform`: moves the rows of a table through a lens, into another table or into new columns, in chunks that any process may take. */
import type { z } from 'zod'
import { defineKind } from '../../../core/kind.ts'
import { applyTransform } from './apply.ts'
import { checkTransform } from './check.ts'
import { labourAtChunks } from './hands.ts'
import { draftTransform } from './plan.ts'
import { type Spec, transformSpec } from './spec.ts'
import { undoTransform } from './undo.ts'
import { verifyTransform } from './verify.ts'
import type { Work } from './work.ts'

export const dataTransform = defineKind({
  name: 'data.transform',
  summary: 'Moves the rows of a table through a lens, into another table or into new columns of the same one.',
  roles: { database: 'database' },
  spec: transformSpec as unknown as z.ZodType<Spec>,
  example: { table: 'users', into: 'users_v4', lens: [{ op: 'rename', from: 'name', to: 'full_name' }] },
  plan: draftTransform,
  check: (work: Work, at) => checkTransform(work, at),
  apply: (work: Work, at, _from) => applyTransform(work, at),
  verify: (work: Work, at) => verifyTransform(work, at),
  rollback: (work: Work, at, _from) => undoTransform(work, at),
  labour: (work: Work, at) => labourAtChunks(work, at),
})

/** Carries over what triggers could only note: the worker of a lens without SQL, and the last settling before a mirror goes. */
import type { Clock, Mark } from '../../core/kind.ts'
import type { SqlSession, SqlWriter } from '../../core/ports/index.ts'
import type { MirrorWork } from './mirror-spec.ts'

export interface FollowAt {
  readonly on: { readonly database: SqlWriter }
  readonly clock: Clock
  readonly signal: AbortSignal
  load(reference: string): Promise<unknown>
}

export async function follow(_work: MirrorWork, _at: FollowAt, _quit: AbortSignal): Promise<void> {}

export async function* settle(_work: MirrorWork, _at: FollowAt): AsyncGenerator<Mark> {}

export async function settleAll(work: MirrorWork, _at: FollowAt, tx: SqlSession): Promise<void> {
  if (work.mode === 'tables') await tx.run(`SELECT changeover."${work.shape.name}_settle"()`)
}

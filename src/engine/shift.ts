/** What every act of a runner needs at hand, and the two questions all of them ask of it. Does nothing. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import type { ErrorRecord } from '../core/event.ts'
import type { AnyKind } from '../core/kind.ts'
import type { StepState } from '../core/run.ts'
import type { Bench } from './bench.ts'
import type { Record } from './record.ts'
import type { Targets } from './targets.ts'

export interface Shift {
  readonly bench: Bench
  readonly record: Record
  readonly targets: Targets
  /** Aborted when everything must stop at once. */
  readonly stop: AbortSignal
}

export function kindOf(shift: Shift, step: StepState): AnyKind {
  const kind = shift.bench.kinds.get(step.plan.kind)
  if (kind) return kind
  throw new ChangeoverError(
    'plan.unknown-kind',
    `kind "${step.plan.kind}" is not known here`,
    'run the version of changeover that made the plan',
  )
}

export function recordOf(error: unknown): ErrorRecord {
  if (isChangeoverError(error)) return { code: error.code, message: error.message, help: error.help }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'target.failed', message, help: 'read the message; `changeover events` shows what came before' }
}

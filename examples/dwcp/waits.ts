/** Waits of the guide that stand in no schedule, rehearsed in less; and what they say of themselves at the end. */
import type { PlannedStep } from 'changeover'

const dayMs = 86_400_000

interface Guard {
  readonly id: string
  readonly kind: string
  readonly on: string
  readonly spec: object
}
interface Wait {
  readonly id: string
  readonly days: number
  readonly compress: number
  readonly stage: string
  readonly guards: readonly Guard[]
}

/** How long it takes here, in milliseconds. */
export const rehearsedMs = (days: number, compress: number): number =>
  Math.max(1, Math.round((days * dayMs) / compress))

/** The names of its guards begin with its own. */
export function letPass({ id, days, compress, stage, guards }: Wait) {
  const forMs = rehearsedMs(days, compress)
  return {
    id,
    kind: 'gate.soak',
    title: `let ${days}d pass, rehearsed in ${secondsOf(forMs)}`,
    spec: { forMs, compressed: { of: `${days}d`, by: compress } },
    stage,
    guards: guards.map((guard) => ({ ...guard, id: `${id}-${guard.id}` })),
  }
}

export interface Rehearsed {
  readonly step: string
  /** As the guide has it: `7d`. */
  readonly of: string
  readonly ms: number
}

export function rehearsedIn(steps: readonly PlannedStep[]): readonly Rehearsed[] {
  return steps.flatMap(({ id, kind, spec }) => {
    const { forMs, compressed } = spec as { readonly forMs?: number; readonly compressed?: { readonly of: string } }
    return kind === 'gate.soak' && forMs !== undefined && compressed !== undefined
      ? [{ step: id, of: compressed.of, ms: forMs }]
      : []
  })
}

export const secondsOf = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 1_000)} s`)

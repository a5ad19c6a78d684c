/** The order of the way back. A file of its own: `status` asks for it, and must start at once. */
import type { PlannedStep } from './plan.ts'

/** Steps in the order in which turning back undoes them: those on a target of `backFirst`, as it names them, then all others; the last of each first. */
export function inOrderBack<T>(
  steps: readonly T[],
  backFirst: readonly string[] = [],
  planned: (step: T) => Pick<PlannedStep, 'on'>,
): readonly T[] {
  const rank = (step: T) => {
    const ranks = Object.values(planned(step).on).map((target) => backFirst.indexOf(target))
    return Math.min(backFirst.length, ...ranks.filter((each) => each >= 0))
  }
  return steps.toReversed().toSorted((a, b) => rank(a) - rank(b))
}

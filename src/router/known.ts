/** A name that nothing reads is refused, and the nearest one said; so is a share that is none. */
import { ChangeoverError, suggestion } from '../core/errors.ts'

/** Throws `router.invalid`. */
export function mustBeKnown(given: object, known: readonly string[], where: string): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new ChangeoverError(
    'router.invalid',
    `${where} has no "${unknown}"${suggestion(unknown, known)}`,
    `it has ${known.map((name) => `"${name}"`).join(', ')}`,
  )
}

/** A share as buckets of 10,000. Throws `router.invalid` for one that is none of them: nobody is put on another share than was said. */
export function hundredths(percent: number, of: string): number {
  const share = Math.round(percent * 100)
  const why = !(percent >= 0 && percent <= 100)
    ? 'not from 0 to 100'
    : Math.abs(percent * 100 - share) > 1e-6
      ? 'no multiple of 0.01'
      : undefined
  if (why === undefined) return share
  throw new ChangeoverError(
    'router.invalid',
    `${percent} percent${of} is ${why}`,
    'give a share from 0 to 100 in steps of 0.01; what was in force stays so',
  )
}

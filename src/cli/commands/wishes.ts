/** Limits that a person sets for a run from the command line. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Wishes } from '../../core/kind.ts'

export interface WishOptions {
  readonly batchSize?: string
  readonly workers?: string
}

export function wishesOf(options: WishOptions): Wishes {
  const { batchSize, workers } = options
  return {
    ...(batchSize === undefined ? {} : { batchSize: positive('--batch-size', batchSize) }),
    ...(workers === undefined ? {} : { workers: positive('--workers', workers) }),
  }
}

/** More than any server or machine can mean. */
const most = 1_000_000_000

/** Throws `usage.invalid` for anything but a whole number above 0. */
export function positive(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > most)
    throw new ChangeoverError(
      'usage.invalid',
      `${option} is "${text}", more than ${most}`,
      `for example \`${option} 1000\``,
    )
  if (Number.isInteger(value) && value > 0) return value
  throw new ChangeoverError(
    'usage.invalid',
    `${option} is "${text}", which is no whole number above 0`,
    `for example \`${option} 1000\``,
  )
}

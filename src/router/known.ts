/** What a router may be given: a name that nothing reads is refused, and the nearest one said. */
import { ChangeoverError, suggestion } from '../core/errors.ts'
import type { Versions } from './calls.ts'
import type { RouterOptions } from './options.ts'
import type { ShadowOptions } from './shadow-result.ts'

type Names<T> = { readonly [name in keyof Required<T>]: true }

/** Complete: the compiler refuses one that is missing. */
const routerNames: Names<RouterOptions<Versions>> = {
  module: true,
  versions: true,
  decide: true,
  reads: true,
  waits: true,
  key: true,
  contextOf: true,
  flags: true,
  shadow: true,
  timeEvery: true,
  environment: true,
  bucketOf: true,
  random: true,
  now: true,
  cpu: true,
}

const shadowNames: Names<ShadowOptions> = {
  candidate: true,
  percent: true,
  sticky: true,
  also: true,
  timeoutMs: true,
  mostAtOnce: true,
  keep: true,
  runIf: true,
  beforeRun: true,
  clean: true,
  context: true,
  copy: true,
  published: true,
  raised: true,
  raiseOnMismatch: true,
  cpuEvery: true,
  compare: true,
  compareErrors: true,
  ignore: true,
}

/** Throws `router.invalid`. */
export function mustBeOptions(options: object & { readonly shadow?: object | undefined }): void {
  mustBeKnown(options, Object.keys(routerNames), 'createRouter')
  if (options.shadow !== undefined) mustBeKnown(options.shadow, Object.keys(shadowNames), '`shadow`')
}

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

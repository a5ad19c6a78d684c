/** Every option of a router by its name, so that one that nothing reads can be refused. */
import type { Versions } from './calls.ts'
import { mustBeKnown } from './known.ts'
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

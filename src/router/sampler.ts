/** Which calls are shadowed, and in what order their versions run. */
import { ChangeoverError } from '../core/errors.ts'
import type { Call } from './calls.ts'
import type { Sources } from './decision.ts'
import { hundredths } from './known.ts'
import type { ShadowOptions } from './shadow-result.ts'
import type { Versions } from './calls.ts'

export class Sampler {
  /** False where no call is. */
  on = false
  #share = 0
  readonly #sources: Sources
  readonly #sticky: boolean

  constructor(sources: Sources, options: ShadowOptions<Versions, never> | undefined) {
    this.#sources = sources
    this.#sticky = options?.sticky ?? false
    if (options === undefined) return
    const candidates = typeof options.candidate === 'string' ? [options.candidate] : options.candidate
    const wrong = candidates.find((name) => !sources.names.includes(name))
    if (wrong !== undefined)
      throw invalid(`the shadow's candidate "${wrong}" is no version`, `name some of ${sources.names.join(', ')}`)
    if (this.#sticky && sources.keyOf === undefined)
      throw invalid('a sticky shadow samples by key, and the router has none', 'give `createRouter` a `key`')
    this.set(options.percent)
  }

  set(percent: number): void {
    this.#share = hundredths(percent, '')
    this.on = this.#share > 0
  }

  takes(call: Call<never>): boolean {
    if (!this.#sticky) return this.#share === 10_000 || this.#sources.random() * 10_000 < this.#share
    try {
      const key = this.#sources.keyOf?.(call)
      return key !== undefined && this.#sources.bucketOf(this.#sources.salt, key) < this.#share
    } catch {
      return false
    }
  }

  shuffled(list: number[]): readonly number[] {
    for (let at = list.length - 1; at > 0; at--) {
      const other = Math.floor(this.#sources.random() * (at + 1))
      ;[list[at], list[other]] = [list[other]!, list[at]!]
    }
    return list
  }
}

function invalid(message: string, help: string): ChangeoverError {
  return new ChangeoverError('router.invalid', message, help)
}

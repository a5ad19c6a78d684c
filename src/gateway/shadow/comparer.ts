/** Asks the new version what the old one has answered, the old one again where noise must be known, and notes what differs. Knows no client. */
import {
  type CompareRules,
  compareAnswers,
  compileRules,
  createNoise,
  type Difference,
  type Noise,
  type SeenAnswer,
  type Tally,
} from '../../shadow/index.ts'
import type { ShadowSettings } from '../config.ts'
import type { SideRoom } from '../side.ts'
import { ask, type Asked, plain, type Raw, type Told } from './ask.ts'

export interface ComparerOptions {
  readonly settings: ShadowSettings
  readonly old: SideRoom
  readonly next: SideRoom
  random(): number
  now(): number
}

export interface Comparer {
  /** `raw` and `body`: what the old version answered to the user. */
  compare(request: Asked & { readonly path: string }, raw: Raw, body: Buffer): Promise<void>
  readonly noise: Noise
}

export function openComparer(options: ComparerOptions, tally: Tally): Comparer {
  const { settings } = options
  const noise = createNoise(settings.noise)
  const rules = compileRules(settings.rules as CompareRules)
  let compared = 0
  const needsTwin = (found: readonly Difference[]): boolean =>
    compared <= settings.warmUp ||
    options.random() < settings.twins ||
    (settings.confirm && noise.unexplained(found).length > 0)
  const put = async (side: SideRoom, asked: Asked, part: string): Promise<Told> => {
    const server = side.choose(undefined)
    return server === undefined ? { type: 'none' } : ask(server, asked, part, settings.timeoutMs, settings.mostBytes)
  }
  /** What the old version's second answer has in common with the new version's is a race with the world, not a difference of versions. */
  const steadyOf = (found: readonly Difference[], old: SeenAnswer, twin: SeenAnswer, next: SeenAnswer) => {
    noise.learn(compareAnswers(old, twin, rules))
    const still = new Set(compareAnswers(twin, next, rules).map(({ path, kind }) => `${kind} ${path}`))
    return found.filter(({ path, kind }) => still.has(`${kind} ${path}`))
  }
  return {
    noise,
    compare: async (request, raw, body) => {
      const told = await put(options.next, request, 'candidate')
      if (told.type === 'too-large') return tally.skipped('too-large')
      if (told.type !== 'answer') return tally.failed()
      const old = await plain(raw, body, settings.mostBytes)
      const found = compareAnswers(old, told.answer, rules)
      compared += 1
      const twin = needsTwin(found) ? await put(options.old, request, 'twin') : undefined
      const steady = twin?.type === 'answer' ? steadyOf(found, old, twin.answer, told.answer) : found
      const outside = noise.judge(found).filter((each) => steady.includes(each))
      tally.compared({ at: options.now(), method: request.method, path: request.path }, found, outside)
    },
  }
}

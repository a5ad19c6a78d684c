/** The shadow of one route: keeps copies of what passes, asks the new version and the old one again, and tells what differs. */
import {
  type CompareRules,
  compareAnswers,
  compileRules,
  createNoise,
  createTally,
  type Difference,
  type SeenAnswer,
  type ShadowReport,
} from '../../shadow/index.ts'
import type { ShadowSettings } from '../config.ts'
import type { Witness } from '../front/forward.ts'
import { createHistogram, type Histogram } from '../histogram.ts'
import type { SideRoom } from '../side.ts'
import { ask, type Asked, plain, type Raw } from './ask.ts'
import { createQueue } from './queue.ts'

/** `latency`: what the same kind of request took that was watched and that was not, in milliseconds; null below a hundred of either. */
export interface ShadowFindings extends ShadowReport {
  readonly waiting: number
  readonly latency: { readonly watched: Latency; readonly unwatched: Latency; readonly addedP50Ms: number | null }
}

interface Latency {
  readonly count: number
  readonly p50: number | null
  readonly p99: number | null
}

export interface Observer {
  /** `method` and `path` of a request that may be asked twice. */
  witness(request: Omit<Asked, 'body'>, path: string): Witness
  report(): ShadowFindings
  idle(): Promise<void>
  close(): void
}

export interface ObserverOptions {
  readonly settings: ShadowSettings
  readonly old: SideRoom
  readonly next: SideRoom
  random(): number
  now(): number
}

export function openObserver(options: ObserverOptions): Observer {
  const { settings } = options
  const random = () => options.random()
  const tally = createTally({ samples: settings.samples, showValues: settings.showValues })
  const noise = createNoise(settings.noise)
  const rules = compileRules(settings.rules as CompareRules)
  const queue = createQueue(settings.atOnce, settings.queue)
  const [watched, unwatched] = [createHistogram(), createHistogram()]
  const plainWitness: Witness = { ...blind, over: (ms) => unwatched.note(ms) }
  let compared = 0

  const put = (side: SideRoom, asked: Asked, part: string) => {
    const server = side.choose(undefined)
    return server === undefined
      ? Promise.resolve({ type: 'none' } as const)
      : ask(server, asked, part, settings.timeoutMs, settings.mostBytes)
  }
  const compare = async (request: Asked & { readonly path: string }, raw: Raw, body: Buffer): Promise<void> => {
    const told = await put(options.next, request, 'candidate')
    if (told.type === 'too-large') return tally.skipped('too-large')
    if (told.type !== 'answer') return tally.failed()
    const old = await plain(raw, body, settings.mostBytes)
    const found = compareAnswers(old, told.answer, rules)
    compared += 1
    const again =
      compared <= settings.warmUp ||
      random() < settings.twins ||
      (settings.confirm && noise.unexplained(found).length > 0)
    const twin = again ? await put(options.old, request, 'twin') : undefined
    const steady = twin?.type === 'answer' ? learnFrom(old, twin.answer, told.answer, found) : found
    tally.compared(
      { at: options.now(), method: request.method, path: request.path },
      found,
      noise.judge(found).filter((each) => steady.includes(each)),
    )
  }
  /** What the old version's second answer has in common with the new version's is a race with the world, not a difference of versions. */
  const learnFrom = (
    old: SeenAnswer,
    twin: SeenAnswer,
    next: SeenAnswer,
    found: readonly Difference[],
  ): readonly Difference[] => {
    noise.learn(compareAnswers(old, twin, rules))
    const still = new Set(compareAnswers(twin, next, rules).map(({ path, kind }) => `${kind} ${path}`))
    return found.filter(({ path, kind }) => still.has(`${kind} ${path}`))
  }
  return {
    witness: (request, path) => {
      if (random() >= settings.sample) return plainWitness
      tally.sampled()
      return copying(
        settings.mostBytes,
        (why) => tally.skipped(why),
        watched,
        (body, raw, answer) => {
          if (!queue.add(() => compare({ ...request, path, body }, raw, answer).catch(() => tally.failed())))
            tally.skipped('dropped')
        },
      )
    },
    report: () => ({ ...tally.report(noise), waiting: queue.waiting, latency: latencyOf(watched, unwatched) }),
    idle: () => queue.idle(),
    close: () => queue.close(),
  }
}

const blind: Witness = {
  request: () => undefined,
  answer: () => undefined,
  body: () => undefined,
  over: () => undefined,
  lost: () => undefined,
}

/** Answers of one moment or one range say nothing about a version. */
const notComparable = new Set([101, 206, 304])

function copying(
  mostBytes: number,
  skipped: (why: 'too-large' | 'not-comparable' | 'no-old-answer') => void,
  watched: Histogram,
  whole: (body: Buffer, raw: Raw, answer: Buffer) => void,
): Witness {
  const [asked, told]: [Buffer[], Buffer[]] = [[], []]
  let [size, raw] = [0, undefined as Raw | undefined]
  const keep = (into: Buffer[], bytes: Buffer): void => {
    size += bytes.length
    if (size <= mostBytes) into.push(bytes)
    else into.length = 0
  }
  return {
    request: (bytes) => keep(asked, bytes),
    answer: ({ status, headers }) => void (raw = { status, headers }),
    body: (bytes) => keep(told, bytes),
    lost: () => skipped('no-old-answer'),
    over: (ms) => {
      watched.note(ms)
      if (raw === undefined) return skipped('no-old-answer')
      if (notComparable.has(raw.status)) return skipped('not-comparable')
      if (size > mostBytes) return skipped('too-large')
      whole(Buffer.concat(asked), raw, Buffer.concat(told))
    },
  }
}

const least = 100

function latencyOf(watched: Histogram, unwatched: Histogram): ShadowFindings['latency'] {
  const of = (each: Histogram): Latency => ({ count: each.count, p50: each.quantile(0.5), p99: each.quantile(0.99) })
  const [a, b] = [of(watched), of(unwatched)]
  const enough = a.count >= least && b.count >= least
  return { watched: a, unwatched: b, addedP50Ms: enough ? a.p50! - b.p50! : null }
}

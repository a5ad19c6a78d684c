/** The shadow of one route: keeps copies of what passes, has them compared when there is time, and tells what was found. */
import { createTally, type ShadowReport } from '../../shadow/index.ts'
import type { Witness } from '../front/forward.ts'
import { createHistogram, type Histogram } from '../histogram.ts'
import type { Asked, Raw } from './ask.ts'
import { type ComparerOptions, openComparer } from './comparer.ts'
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

export function openObserver(options: ComparerOptions): Observer {
  const { settings } = options
  const tally = createTally({ samples: settings.samples, showValues: settings.showValues })
  const comparer = openComparer(options, tally)
  const queue = createQueue(settings.atOnce, settings.queue)
  const [watched, unwatched] = [createHistogram(), createHistogram()]
  const plainWitness: Witness = { ...blind, over: (ms) => unwatched.note(ms) }
  return {
    witness: (request, path) => {
      if (options.random() >= settings.sample) return plainWitness
      tally.sampled()
      const whole = (body: Buffer, raw: Raw, answer: Buffer): void => {
        const kept = queue.add(() =>
          comparer.compare({ ...request, path, body }, raw, answer).catch(() => tally.failed()),
        )
        if (!kept) tally.skipped('dropped')
      }
      return copying(settings.mostBytes, (why) => tally.skipped(why), watched, whole)
    },
    report: () => ({
      ...tally.report(comparer.noise),
      waiting: queue.waiting,
      latency: latencyOf(watched, unwatched),
    }),
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
    if (size <= mostBytes) into.push(Buffer.from(bytes))
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

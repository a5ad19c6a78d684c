/** What differs even between two answers of the old version: learned from twins, and told apart from what the new version changed. */
import type { Difference } from './diff.ts'

export interface NoiseLimits {
  /** So many twins and comparisons must there be before a noisy field can be found to differ more than its noise. */
  readonly least?: number
  /** How much more often it must differ, as a share of answers. */
  readonly excess?: number
  /** How sure that must be, in standard deviations. */
  readonly deviations?: number
}

/** One place and kind of difference. Shares are of the answers in which it was seen. */
export interface NoisyField {
  readonly place: string
  readonly kind: Difference['kind']
  readonly oldAgainstOld: number
  readonly oldAgainstNew: number
  readonly beyondNoise: boolean
}

/** State: it learns with every call. */
export interface Noise {
  /** `twin`: how the old version's second answer differs from its first. */
  learn(twin: readonly Difference[]): void
  /** What `judge` would say, without counting. */
  unexplained(found: readonly Difference[]): readonly Difference[]
  /** Of the differences of the new version those that noise does not explain. Call once for each comparison, after `learn`. */
  judge(found: readonly Difference[]): readonly Difference[]
  readonly twins: number
  /** The noisiest first. */
  fields(): readonly NoisyField[]
}

interface Seen {
  readonly place: string
  readonly kind: Difference['kind']
  inTwins: number
  inNew: number
}

/** More places than this are no field but keys made of data; the first that came are kept. */
const most = 2000

/**
 * A kind of difference that twins show at a place excuses that kind there, and no other: a clock that ticks may differ in value, not in type.
 * It excuses no more than it explains: a field that differs in 2 % of the twins and in 90 % of the new answers is a mismatch all the
 * same, found by comparing the two shares (two-proportion z-test; the idea of Diffy's relative and absolute thresholds).
 */
export function createNoise({ least = 30, excess = 0.2, deviations = 4 }: NoiseLimits = {}): Noise {
  const seen = new Map<string, Seen>()
  let [twins, comparisons] = [0, 0]
  const fieldOf = ({ place, kind }: Difference): Seen => {
    const key = `${kind} ${place}`
    const known = seen.get(key) ?? { place, kind, inTwins: 0, inNew: 0 }
    if (seen.size < most) seen.set(key, known)
    return known
  }
  const isBeyond = (field: Seen): boolean => {
    if (twins < least || comparisons < least) return false
    const [inTwins, inNew] = [field.inTwins / twins, field.inNew / comparisons]
    const pooled = (field.inTwins + field.inNew) / (twins + comparisons)
    const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / twins + 1 / comparisons))
    return inNew - inTwins > excess && inNew - inTwins > deviations * deviation
  }
  const unexplained = (found: readonly Difference[]): readonly Difference[] =>
    found.filter((difference) => {
      const field = fieldOf(difference)
      return field.inTwins === 0 || isBeyond(field)
    })
  return {
    unexplained,
    learn: (twin) => {
      twins += 1
      for (const field of fieldsOf(twin, fieldOf)) field.inTwins += 1
    },
    judge: (found) => {
      comparisons += 1
      for (const field of fieldsOf(found, fieldOf)) field.inNew += 1
      return unexplained(found)
    },
    get twins() {
      return twins
    },
    fields: () =>
      [...seen.values()]
        .filter((field) => field.inTwins > 0)
        .map((field) => ({
          place: field.place,
          kind: field.kind,
          oldAgainstOld: field.inTwins / Math.max(1, twins),
          oldAgainstNew: field.inNew / Math.max(1, comparisons),
          beyondNoise: isBeyond(field),
        }))
        .sort((a, b) => b.oldAgainstOld - a.oldAgainstOld || (a.place < b.place ? -1 : 1)),
  }
}

/** Each field once, however many items of a list differ in it. */
function fieldsOf(found: readonly Difference[], fieldOf: (difference: Difference) => Seen): ReadonlySet<Seen> {
  return new Set(found.map(fieldOf))
}

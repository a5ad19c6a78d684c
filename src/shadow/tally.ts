/** What a shadow has found so far: counts, the fields that differ, and a few samples. Holds values only where it is told to. */
import type { Json } from '../core/json.ts'
import type { Difference } from './diff.ts'
import type { NoisyField } from './noise.ts'

/** Why a sampled request was not compared. */
export type Skip = 'dropped' | 'too-large' | 'not-comparable' | 'no-old-answer'

export interface SampledMismatch {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly differences: readonly {
    readonly path: string
    readonly kind: Difference['kind']
    readonly types: Difference['types']
    readonly values?: { readonly old: Json; readonly new: Json }
  }[]
}

/** All since the start. `failed`: the new version gave no answer in time; that is a mismatch, for silence is no agreement. */
export interface ShadowReport {
  readonly sampled: number
  readonly compared: number
  readonly matched: number
  readonly mismatched: number
  readonly failed: number
  /** Comparisons that differed in nothing but noise; they matched. */
  readonly noisy: number
  readonly twins: number
  readonly skipped: { readonly [why in Skip]: number }
  /** Of 1; null while nothing was compared: no evidence. */
  readonly mismatchRate: number | null
  readonly fields: readonly { readonly place: string; readonly kind: string; readonly mismatches: number }[]
  readonly noise: readonly NoisyField[]
  readonly samples: readonly SampledMismatch[]
}

export interface TallyLimits {
  readonly samples?: number
  /** Off, samples hold paths and types alone. */
  readonly showValues?: boolean
}

export type Counts = Omit<ShadowReport, 'noise' | 'samples' | 'fields' | 'mismatchRate' | 'twins'>

export interface Tally {
  sampled(): void
  skipped(why: Skip): void
  failed(): void
  /** `found` is all that differs, `outside` what noise does not explain. */
  compared(
    request: { readonly at: number; readonly method: string; readonly path: string },
    found: readonly Difference[],
    outside: readonly Difference[],
  ): void
  report(noise: { readonly twins: number; fields(): readonly NoisyField[] }): ShadowReport
}

const mostFields = 200
const mostDifferences = 20

export function createTally({ samples: room = 50, showValues = false }: TallyLimits = {}): Tally {
  const skips: Record<Skip, number> = { dropped: 0, 'too-large': 0, 'not-comparable': 0, 'no-old-answer': 0 }
  const fields = new Map<string, { readonly place: string; readonly kind: string; mismatches: number }>()
  const samples: SampledMismatch[] = []
  const count = { sampled: 0, compared: 0, mismatched: 0, failed: 0, noisy: 0 }
  const noteFields = (outside: readonly Difference[]): void => {
    for (const key of new Set(outside.map(({ place, kind }) => `${kind} ${place}`))) {
      const [kind, place] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)]
      const field = fields.get(key) ?? { place, kind, mismatches: 0 }
      field.mismatches += 1
      if (fields.size < mostFields) fields.set(key, field)
    }
  }
  return {
    sampled: () => void (count.sampled += 1),
    skipped: (why) => void (skips[why] += 1),
    failed: () => void (count.failed += 1),
    compared: (request, found, outside) => {
      count.compared += 1
      if (outside.length === 0) {
        if (found.length > 0) count.noisy += 1
        return
      }
      count.mismatched += 1
      noteFields(outside)
      samples.push({
        ...request,
        differences: outside.slice(0, mostDifferences).map((each) => shown(each, showValues)),
      })
      if (samples.length > room) samples.shift()
    },
    report: (noise) => ({
      ...count,
      matched: count.compared - count.mismatched,
      twins: noise.twins,
      skipped: { ...skips },
      mismatchRate:
        count.compared + count.failed === 0
          ? null
          : (count.mismatched + count.failed) / (count.compared + count.failed),
      fields: [...fields.values()].map((field) => ({ ...field })).sort((a, b) => b.mismatches - a.mismatches),
      noise: noise.fields(),
      samples: [...samples],
    }),
  }
}

function shown({ path, kind, types, values }: Difference, showValues: boolean): SampledMismatch['differences'][number] {
  return { path, kind, types, ...(showValues ? { values: { old: cut(values.old), new: cut(values.new) } } : {}) }
}

/** A value for people: short, and a list or an object only by its beginning. */
function cut(value: Json | undefined): Json {
  if (value === undefined) return null
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= 200 ? value : `${text.slice(0, 200)}…`
}

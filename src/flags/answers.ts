/** All that a flag can answer, made once and frozen: evaluation only chooses among them. Knows no rule. */
import type { Json } from '../core/index.ts'
import { textOf } from './logic/node.ts'
import type { Flag, Metadata, Resolution } from './set.ts'

/** An answer and its value side by side, so that the short way need not look into the long one. */
export interface Outcome {
  readonly value: Json | undefined
  readonly resolution: Resolution
}

export interface Answers {
  readonly key: string
  readonly disabled: Outcome
  readonly fixed: Outcome
  readonly byDefault: Outcome
  /** What a rule gave: a variant's name, or null. */
  of(given: unknown): Outcome
  error(errorCode: 'PARSE_ERROR' | 'GENERAL', errorMessage: string): Outcome
}

export function answersOf(key: string, flag: Flag, metadata: Metadata): Answers {
  const answer = (resolution: Omit<Resolution, 'key' | 'metadata'>): Outcome => {
    const { value } = resolution
    return { value, resolution: Object.freeze({ key, ...resolution, metadata }) }
  }
  const variants = Object.entries(flag.variants)
  const matches = new Map(
    variants.map(([variant, value]) => [variant, answer({ value, variant, reason: 'TARGETING_MATCH' })]),
  )
  const variant = flag.defaultVariant ?? ''
  const found = variants.find(([name]) => name === variant)
  const usual = (reason: 'STATIC' | 'DEFAULT') =>
    found === undefined ? answer({ reason: 'DEFAULT' }) : answer({ value: found[1], variant, reason })
  const byDefault = usual('DEFAULT')
  const error: Answers['error'] = (errorCode, errorMessage) => answer({ reason: 'ERROR', errorCode, errorMessage })
  return {
    key,
    disabled: answer({ reason: 'DISABLED' }),
    fixed: usual('STATIC'),
    byDefault,
    of: (given) => {
      if (given === null || given === undefined) return byDefault
      const name = typeof given === 'object' ? JSON.stringify(given) : textOf(given)
      return matches.get(name) ?? error('GENERAL', `flag "${key}" has no variant ${JSON.stringify(name)}`)
    },
    error,
  }
}

/** Declarative checks of a JSON value: true, false, or unknown where there is nothing to judge. Pure. */
import { z } from 'zod'
import { equal, isObject, type Json } from '../core/json.ts'

const json: z.ZodType<Json> = z.json()

export const valueCheck = z
  .strictObject({
    at: z
      .string()
      .regex(/^(\/.*)?$/, 'a JSON pointer: "" for the whole, "/a/0" for parts')
      .default('')
      .describe('A JSON pointer (RFC 6901).'),
    exists: z.boolean().optional(),
    equals: json.optional(),
    not: json.optional(),
    oneOf: z.array(json).min(1).optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    matches: z.string().refine(isPattern, 'not a regular expression').optional().describe('A regular expression.'),
  })
  .refine(
    (check) => Object.keys(check).length > 1,
    'give at least one of exists, equals, not, oneOf, min, max, matches',
  )

export type ValueCheck = z.output<typeof valueCheck>

/** `unknown`: a number or text was to be judged, and there is none. Nothing that was not seen counts as good. */
export interface Judgement {
  readonly met: 'yes' | 'no' | 'unknown'
  readonly why: string
}

export const met: Judgement = { met: 'yes', why: '' }

export function judgeValue(check: ValueCheck, value: Json): Judgement {
  const seen = resolve(value, check.at)
  const name = check.at === '' ? 'the answer' : `"${check.at}"`
  if (check.exists !== undefined && check.exists !== (seen !== undefined))
    return no(`${name} is ${seen === undefined ? 'missing' : 'there'}`)
  if (check.equals !== undefined && !(seen !== undefined && equal(seen, check.equals)))
    return no(`${name} is ${show(seen)}, not ${show(check.equals)}`)
  if (check.not !== undefined && seen !== undefined && equal(seen, check.not)) return no(`${name} is ${show(seen)}`)
  if (check.oneOf && !(seen !== undefined && check.oneOf.some((each) => equal(each, seen))))
    return no(`${name} is ${show(seen)}, none of ${check.oneOf.map(show).join(', ')}`)
  return judgeRange(check, name, seen) ?? judgePattern(check, name, seen) ?? met
}

/** The first that is not met; a `no` before an `unknown`. */
export function judgeAll(judgements: readonly Judgement[]): Judgement {
  return judgements.find((each) => each.met === 'no') ?? judgements.find((each) => each.met === 'unknown') ?? met
}

function judgeRange(check: ValueCheck, name: string, seen: Json | undefined): Judgement | undefined {
  if (check.min === undefined && check.max === undefined) return undefined
  const number = typeof seen === 'string' && seen.trim() !== '' ? Number(seen) : seen
  if (typeof number !== 'number' || !Number.isFinite(number))
    return { met: 'unknown', why: `${name} is ${show(seen)}, which is no number` }
  if (check.min !== undefined && number < check.min) return no(`${name} is ${number}, below ${check.min}`)
  if (check.max !== undefined && number > check.max) return no(`${name} is ${number}, above ${check.max}`)
  return undefined
}

function judgePattern(check: ValueCheck, name: string, seen: Json | undefined): Judgement | undefined {
  if (check.matches === undefined) return undefined
  if (typeof seen !== 'string') return { met: 'unknown', why: `${name} is ${show(seen)}, which is no text` }
  return new RegExp(check.matches, 'u').test(seen) ? undefined : no(`${name} does not match "${check.matches}"`)
}

/** RFC 6901: `~1` is a slash, `~0` a tilde. */
export function resolve(value: Json, pointer: string): Json | undefined {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return keys.reduce<Json | undefined>((at, key) => {
    if (Array.isArray(at)) return /^(0|[1-9]\d*)$/.test(key) ? (at[Number(key)] as Json | undefined) : undefined
    return isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined
  }, value)
}

function no(why: string): Judgement {
  return { met: 'no', why }
}

function show(value: Json | undefined): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u')
    return true
  } catch {
    return false
  }
}

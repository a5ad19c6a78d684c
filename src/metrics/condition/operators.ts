/** The operators and words of expr-lang: how strongly each binds, how it is spelled, and what is not read here. Reads no text. */
import type { Token } from './tokens.ts'
import type { BinarySign } from './tree.ts'

/** How strongly an operator binds (expr-lang, parser/operator): `not` more than `==`, `??` more than all. */
export const strengths: { readonly [sign: string]: number } = {
  '||': 10,
  or: 10,
  '&&': 15,
  and: 15,
  '==': 20,
  '!=': 20,
  '<': 20,
  '<=': 20,
  '>': 20,
  '>=': 20,
  in: 20,
  matches: 20,
  contains: 20,
  startsWith: 20,
  endsWith: 20,
  '..': 25,
  '+': 30,
  '-': 30,
  '*': 60,
  '/': 60,
  '%': 60,
  '**': 100,
  '^': 100,
  '??': 500,
}
export const unary: { readonly [sign: string]: number } = { not: 50, '!': 50, '-': 90, '+': 90 }
export const spelled: { readonly [sign: string]: BinarySign } = { '||': 'or', '&&': 'and', '^': '**' }
export const rightToLeft = ['**', '^']
export const chained = ['<', '<=', '>', '>=']
export const negated = ['in', 'matches', 'contains', 'startsWith', 'endsWith']

const clock = 'a condition knows no clock: maxStalenessMs is for the age of a figure'
const bits = 'figures are compared as numbers, not as bits'
const coded = 'let the source give the text itself'

/** With what to do instead. */
const elsewhere: { readonly [word: string]: string } = {
  now: clock,
  date: clock,
  timezone: clock,
  duration: 'figures are plain numbers: say it in their unit',
  bitand: bits,
  bitor: bits,
  bitxor: bits,
  bitnand: bits,
  bitnot: bits,
  bitshl: bits,
  bitshr: bits,
  bitushr: bits,
  toBase64: coded,
  fromBase64: coded,
  $env: 'there is nothing but result',
}

/** Why a word of expr-lang has no meaning here; undefined for any other. */
export function notRead(word: string): string | undefined {
  return Object.hasOwn(elsewhere, word) ? `"${word}" of expr-lang is not read here: ${elsewhere[word]!}` : undefined
}

/** A word that means something already, and can name nothing else. */
export function isTaken(word: string): boolean {
  return (
    ['result', 'true', 'false', 'nil', 'null', 'let', 'if', 'else', 'not'].includes(word) ||
    Object.hasOwn(strengths, word)
  )
}

/** True for a sign, and for a word that is an operator. */
export function isSign({ type, text }: Token): boolean {
  return type === 'sign' || (type === 'word' && (text === 'not' || Object.hasOwn(strengths, text)))
}

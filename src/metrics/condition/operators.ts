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
export const negated = ['in', 'contains', 'startsWith', 'endsWith']

/** Words of expr-lang that are not read here, with what to do instead. */
const elsewhere: { readonly [word: string]: string } = {
  matches: 'figures are compared as numbers',
  reduce: 'say sum, max, min, mean or count',
  groupBy: 'ask the source for groups',
  countBy: 'ask the source for groups',
  sortBy: 'say sort',
  if: 'say condition ? one : other',
  now: 'a condition knows no clock: maxStalenessMs is for the age of a figure',
  date: 'a condition knows no clock: maxStalenessMs is for the age of a figure',
  duration: 'figures are plain numbers: say it in their unit',
}

/** Why a word of expr-lang has no meaning here; undefined for all others. */
export function notRead(word: string): string | undefined {
  return Object.hasOwn(elsewhere, word) ? `"${word}" of expr-lang is not read here: ${elsewhere[word]!}` : undefined
}

/** True for a word that means something already. */
export function isWord(text: string): boolean {
  return ['result', 'true', 'false', 'nil', 'null', 'let', 'not', ...Object.keys(strengths)].includes(text)
}

/** True for a sign, and for a word that is an operator. */
export function isSign({ type, text }: Token): boolean {
  return type === 'sign' || (type === 'word' && (text === 'not' || Object.hasOwn(strengths, text)))
}

/**
 * Conditions over what a metric answers: `result[0] < 0.05 && !isNaN(result[0])`. The words are those of Argo's conditions (expr-lang), read into a tree
 * by a parser of our own: nothing of a plan is ever run as code.
 */
import { constantOf } from './constant.ts'
import { evaluate } from './evaluate.ts'
import { mustBeTrueOrFalse } from './fit.ts'
import { parse } from './parse.ts'
import type { Json } from '../../core/json.ts'
import { number, numbers, open, type Shape } from './shape.ts'
import { ConditionFault } from './tokens.ts'
import { below, type Node } from './tree.ts'
import { truthIn } from './value.ts'

/** `undecided`: there was nothing to judge. `error`: the condition does not fit the answer. */
export type Answer = { readonly type: 'yes' | 'no' } | { readonly type: 'undecided' | 'error'; readonly why: string }

/** What a source answers, where it is known: `result > 1`, or `result[0] > 1`; `figures` are one or the other. */
export type AnswerShape = 'number' | 'list' | 'figures'

const shapes: { readonly [name in AnswerShape]: Shape } = { number, list: numbers, figures: { type: 'figure' } }

export interface Condition {
  readonly of: (result: Json) => Answer
  /** What it is for every answer that can be judged, where that is certain: a condition that decides nothing. */
  readonly constant: boolean | undefined
}

/** Reads a condition once; without a shape for any JSON. A text instead of a condition is what is wrong with it, with its place. */
export function readCondition(text: string, shape?: AnswerShape): Condition | string {
  try {
    const tree = parse(text)
    mustBeTrueOrFalse(tree, shape === undefined ? open : shapes[shape])
    const nan = asksForNaN(tree)
    return { of: (result) => answer(tree, result, nan), constant: constantOf(tree) }
  } catch (error) {
    if (error instanceof ConditionFault) return error.message
    throw error
  }
}

function answer(tree: Node, result: Json, nan: boolean): Answer {
  try {
    const value = evaluate(tree, { result, item: null, index: 0, sum: null, names: {}, nan })
    return { type: truthIn(value, tree.at) ? 'yes' : 'no' }
  } catch (error) {
    if (!(error instanceof ConditionFault)) throw error
    return { type: error.unsure ? 'undecided' : 'error', why: error.message }
  }
}

function asksForNaN(node: Node): boolean {
  return (node.type === 'call' && node.name === 'isNaN') || below(node).some(asksForNaN)
}

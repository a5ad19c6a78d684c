/** What is known of a value before there is one. */

/** A `figure` is what most sources answer: a number, or a list of them. `any` is told when there is a value. */
export type Shape =
  | { readonly type: 'number' | 'truth' | 'text' | 'nil' | 'figure' | 'fields' | 'any' }
  | { readonly type: 'list'; readonly of: Shape }

export type ShapeName = Shape['type']

export const number: Shape = { type: 'number' }
export const truth: Shape = { type: 'truth' }
export const text: Shape = { type: 'text' }
export const fields: Shape = { type: 'fields' }
export const open: Shape = { type: 'any' }
export const numbers: Shape = { type: 'list', of: number }
export const texts: Shape = { type: 'list', of: text }

/** One that may be any of these, as far as is known. */
export function mayBe(shape: Shape, wanted: readonly ShapeName[]): boolean {
  if (shape.type === 'any' || wanted.includes('any') || wanted.includes(shape.type)) return true
  return shape.type === 'figure' && (wanted.includes('number') || wanted.includes('list'))
}

/** What elements it has. */
export function elementOf(shape: Shape): Shape {
  if (shape.type === 'list') return shape.of
  return shape.type === 'text' ? text : shape.type === 'figure' || shape.type === 'number' ? number : open
}

/** Of one or the other. */
export function either(a: Shape, b: Shape): Shape {
  if (a.type === 'nil') return b
  if (b.type === 'nil' || a.type === b.type)
    return a.type === 'list' && b.type === 'list' ? { type: 'list', of: either(a.of, b.of) } : a
  const figures = [a, b].every((each) => each.type === 'number' || each.type === 'figure' || isNumbers(each))
  return figures ? { type: 'figure' } : open
}

function isNumbers(shape: Shape): boolean {
  return shape.type === 'list' && shape.of.type === 'number'
}

/** What it is, in words. */
export function told(shape: Shape): string {
  const words: { readonly [type in ShapeName]: string } = {
    number: 'a number',
    truth: 'what is true or false',
    text: 'a text',
    nil: 'nil',
    figure: 'an answer',
    fields: 'what has fields',
    any: 'a value',
    list: 'a list',
  }
  return words[shape.type]
}

/** How a function of conditions is written down: what it takes, what it gives, and its work. Pure. */
import { open, elementOf, number, type Shape, type ShapeName, text, truth } from './shape.ts'
import { ConditionFault, type Place } from './tokens.ts'
import { listIn, numberIn, type Scope, textIn, type Value } from './value.ts'

export interface FunctionSpec {
  /** What may stand at each place; the last for all further ones where there is a `rest`. */
  readonly takes: readonly (readonly ShapeName[])[]
  /** So many at least, where not all are needed. */
  readonly least?: number
  readonly rest?: true
  readonly gives: (args: readonly Shape[]) => Shape
  readonly call: (args: readonly Value[], scope: Scope, at: Place) => Value
}

export const figure: readonly ShapeName[] = ['number', 'nil']
export const list: readonly ShapeName[] = ['list', 'number', 'nil']
export const words: readonly ShapeName[] = ['text']
export const anything: readonly ShapeName[] = ['any']

export const ofNumber = (work: (value: number) => number): FunctionSpec => ({
  takes: [figure],
  gives: () => number,
  call: ([value = null], scope, at) => work(numberIn(value, scope, at)),
})

/** Of lists, and of figures side by side. */
export const ofMany = (work: (values: readonly number[]) => number): FunctionSpec => ({
  takes: [list],
  rest: true,
  gives: () => number,
  call: (args, scope, at) => {
    const values = flat(args.flatMap((each) => listIn(each, at))).map((each) => numberIn(each, scope, at))
    if (values.length === 0) throw new ConditionFault(at, 'the answer is empty', true)
    return work(values)
  },
})

/** NaN and infinities are looked at as they are. */
export const ofRaw = (test: (value: number) => boolean): FunctionSpec => ({
  takes: [figure],
  gives: () => truth,
  call: ([value = null], scope, at) => test(numberIn(value, { ...scope, nan: true }, at)),
})

/** A text is read as Go does: nothing but the number. */
export const ofText = (pattern: RegExp, work: (value: number) => number): FunctionSpec => ({
  takes: [['number', 'text', 'nil']],
  gives: () => number,
  call: ([value = null], scope, at) => {
    if (typeof value === 'string' && !pattern.test(value)) throw new ConditionFault(at, `"${value}" is no number`)
    return work(typeof value === 'string' ? Number(value) : numberIn(value, scope, at))
  },
})

export const ofList = (
  work: (values: readonly Value[], scope: Scope, at: Place) => Value,
  gives: (of: Shape) => Shape = (of) => ({ type: 'list', of: elementOf(of) }),
): FunctionSpec => ({
  takes: [list],
  gives: ([of = open]) => gives(of),
  call: ([value = null], scope, at) => work(listIn(value, at), scope, at),
})

/** Of texts, `least` of them at least. */
export const ofWords = (
  takes: number,
  work: (texts: readonly string[]) => Value,
  gives: Shape = text,
  least = takes,
): FunctionSpec => ({
  takes: Array.from({ length: takes }, () => words),
  least,
  gives: () => gives,
  call: (args, _, at) => work(args.map((each) => textIn(each, at))),
})

/** Lists in lists, all of them in one. */
export function flat(values: readonly Value[]): readonly Value[] {
  return values.flatMap((each) => (Array.isArray(each) ? flat(each as readonly Value[]) : [each]))
}

/** Refuses a condition whose parts can never fit together, before there is an answer. Knows shapes, no values. */
import { eachShape, functions } from './functions.ts'
import { patternOf } from './pattern.ts'
import {
  open,
  either,
  elementOf,
  fields,
  mayBe,
  number,
  numbers,
  type Shape,
  type ShapeName,
  text,
  told,
  truth,
} from './shape.ts'
import { ConditionFault } from './tokens.ts'
import type { EachName, Node } from './tree.ts'

/** What is known at a place of a condition. */
interface Known {
  readonly result: Shape
  readonly item: Shape
  readonly sum: Shape
  readonly names: { readonly [name: string]: Shape }
}

/** The shape of a whole condition's parts, where `result` has this one. Throws `ConditionFault` at the first that does not fit. */
export function mustBeTrueOrFalse(node: Node, result: Shape): void {
  must(
    node,
    shapeOf(node, { result, item: open, sum: open, names: {} }),
    ['truth'],
    'a condition is true or false; compare it with something',
  )
}

function must(node: Node, shape: Shape, wanted: readonly ShapeName[], why: string): Shape {
  if (mayBe(shape, wanted)) return shape
  const list = shape.type === 'list' && wanted.includes('number')
  const help = !list
    ? ''
    : node.type === 'result'
      ? ': the answer is a list, say result[0], or all(result, # < 1)'
      : ', this is a list'
  throw new ConditionFault(node.at, `${why}${help}`)
}

function shapeOf(node: Node, known: Known): Shape {
  switch (node.type) {
    case 'literal':
      return literal(node.value)
    case 'result':
      return known.result
    case 'item':
      return node.what === 'index' ? number : known[node.what]
    case 'name':
      return known.names[node.name] ?? open
    case 'let': {
      const names = { ...known.names, [node.name]: shapeOf(node.value, known) }
      return shapeOf(node.body, { ...known, names })
    }
    case 'fields':
      for (const { key, value } of node.entries) {
        must(key, shapeOf(key, known), ['text'], 'a field is named by a text')
        shapeOf(value, known)
      }
      return fields
    case 'list':
      return { type: 'list', of: node.items.map((each) => shapeOf(each, known)).reduce(either, { type: 'nil' }) }
    case 'unary':
      return unary(node, known)
    case 'binary':
      return binary(node, known)
    case 'choice':
      must(node.when, shapeOf(node.when, known), ['truth'], 'what stands before "?" is true or false')
      return either(shapeOf(node.met, known), shapeOf(node.otherwise, known))
    case 'member':
      return member(node, known)
    case 'element':
    case 'slice':
      return part(node, known)
    case 'call':
      return called(node, known)
    case 'each':
      return eached(node, known)
  }
}

function literal(value: number | string | boolean | null): Shape {
  if (value === null) return { type: 'nil' }
  return { type: typeof value === 'number' ? 'number' : typeof value === 'string' ? 'text' : 'truth' }
}

function unary(node: Extract<Node, { type: 'unary' }>, known: Known): Shape {
  const of = shapeOf(node.of, known)
  if (node.sign !== 'not') {
    must(node.of, of, ['number'], `"${node.sign}" needs a number`)
    return number
  }
  must(node.of, of, ['truth'], '"!" turns what is true or false; put a comparison in brackets')
  return truth
}

function binary(node: Extract<Node, { type: 'binary' }>, known: Known): Shape {
  const { sign, left, right } = node
  const [a, b] = [shapeOf(left, known), shapeOf(right, known)]
  const both = (wanted: readonly ShapeName[], why: string) => {
    must(left, a, wanted, why)
    must(right, b, wanted, why)
  }
  switch (sign) {
    case 'and':
    case 'or':
      both(['truth'], `"${sign === 'and' ? '&&' : '||'}" joins what is true or false`)
      return truth
    case '==':
    case '!=':
      if (canBeEqual(a, b)) return truth
      throw new ConditionFault(node.at, `"${sign}" compares ${told(a)} with ${told(b)}: they are never equal`)
    case 'in':
      must(right, b, ['list', 'fields'], '"in" needs a list: result in [1, 2]')
      if (b.type === 'fields') must(left, a, ['text'], 'a field is named by a text')
      if (canBeEqual(a, elementOf(b))) return truth
      throw new ConditionFault(node.at, `"in" looks for ${told(a)} among ${told(elementOf(b))}: it is never there`)
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      both(['text'], `"${sign}" needs texts`)
      return truth
    case 'matches':
      both(['text'], '"matches" needs texts')
      if (right.type === 'literal' && typeof right.value === 'string' && !patternOf(right.value))
        throw new ConditionFault(right.at, `"${right.value}" is no pattern that can be read here`)
      return truth
    case '??':
      return either(a, b)
    case '..':
      both(['number'], '".." needs whole numbers')
      return numbers
    default:
      return reckoned(node, a, b)
  }
}

/** Texts can be compared and put together as well. */
function reckoned(node: Extract<Node, { type: 'binary' }>, a: Shape, b: Shape): Shape {
  const { sign, left, right } = node
  const compares = ['<', '<=', '>', '>='].includes(sign)
  const texts = [a, b].every((each) => mayBe(each, ['text'])) && [a, b].some((each) => each.type === 'text')
  if ((compares || sign === '+') && texts) return compares ? truth : text
  must(left, a, ['number'], `"${sign}" needs numbers`)
  must(right, b, ['number'], `"${sign}" needs numbers`)
  if (compares) return truth
  return sign === '+' && a.type === 'any' && b.type === 'any' ? open : number
}

function canBeEqual(a: Shape, b: Shape): boolean {
  if (a.type === 'nil' || b.type === 'nil') return true
  if (a.type === 'list' && b.type === 'list') return canBeEqual(a.of, b.of)
  return mayBe(a, [b.type]) || mayBe(b, [a.type])
}

function member(node: Extract<Node, { type: 'member' }>, known: Known): Shape {
  const of = shapeOf(node.of, known)
  const figure = of.type === 'figure' || of.type === 'number'
  if (!figure) must(node.of, of, ['fields', 'nil'], `"${node.name}" is a field, and ${told(of)} has none`)
  else throw new ConditionFault(node.of.at, 'an answer is a number or a list of them: it has no fields')
  return open
}

function part(node: Extract<Node, { type: 'element' | 'slice' }>, known: Known): Shape {
  const of = shapeOf(node.of, known)
  if (node.of.type === 'result' && of.type === 'number')
    throw new ConditionFault(node.of.at, 'the answer is one number: say result, not result[0]')
  must(node.of, of, node.type === 'slice' ? ['list', 'text'] : ['list', 'text', 'fields'], 'only a list has elements')
  const ends = node.type === 'element' ? [node.index] : [node.from, node.to]
  const named = of.type === 'fields' || of.type === 'any' ? (['number', 'text'] as const) : (['number'] as const)
  for (const each of ends) if (each) must(each, shapeOf(each, known), named, 'an element is named by its number')
  if (node.type === 'element') return elementOf(of)
  return of.type === 'figure' ? numbers : of
}

function called(node: Extract<Node, { type: 'call' }>, known: Known): Shape {
  const { takes, least = takes.length, rest, gives } = functions[node.name]!
  const { args, at, name } = node
  if (args.length < least || (args.length > takes.length && !rest)) {
    const most = rest ? ' or more' : takes.length > least ? ` or ${takes.length}` : ''
    throw new ConditionFault(at, `"${name}" takes ${least}${most}, not ${args.length}`)
  }
  const shapes = args.map((each, index) =>
    must(each, shapeOf(each, known), takes[index] ?? takes.at(-1)!, `"${name}" cannot take this`),
  )
  return gives(shapes)
}

function eached(node: Extract<Node, { type: 'each' }>, known: Known): Shape {
  const of = must(node.of, shapeOf(node.of, known), ['list', 'number'], `"${node.name}" needs a list`)
  const item = elementOf(of)
  const more = node.more && shapeOf(node.more, known)
  if (node.more && node.name === 'sortBy') must(node.more, more ?? open, ['text'], 'the order is "asc" or "desc"')
  // What `reduce` has come to may be of another shape than what it began with.
  const test = node.test ? shapeOf(node.test, { ...known, item, sum: open }) : item
  const wanted = wantedOf[node.name] ?? ['truth']
  const needed = node.name === 'sum' ? 'a number' : 'a condition'
  must(node.test ?? node.of, test, wanted, `"${node.name}" needs ${needed} of "#"`)
  return eachShape(node.name, item, test)
}

/** What is asked of an element is a condition, but for these. */
const wantedOf: { readonly [name in EachName]?: readonly ShapeName[] } = {
  map: ['any'],
  sum: ['number'],
  groupBy: ['text', 'number', 'truth'],
  countBy: ['text', 'number', 'truth'],
  sortBy: ['text', 'number'],
  reduce: ['any'],
}

/** Refuses a condition whose parts can never fit together, before there is an answer. Knows shapes, no values. */
import { eachShape, functions } from './functions.ts'
import { open, either, elementOf, mayBe, number, numbers, type Shape, type ShapeName, text, truth } from './shape.ts'
import { ConditionFault } from './tokens.ts'
import type { Node } from './tree.ts'

/** What is known at a place of a condition. */
interface Known {
  readonly result: Shape
  readonly item: Shape
  readonly names: { readonly [name: string]: Shape }
}

/** The shape of a whole condition's parts, where `result` has this one. Throws `ConditionFault` at the first that does not fit. */
export function mustBeTrueOrFalse(node: Node, result: Shape): void {
  must(
    node,
    shapeOf(node, { result, item: open, names: {} }),
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
      return node.index ? number : known.item
    case 'name':
      return known.names[node.name] ?? open
    case 'let': {
      const names = { ...known.names, [node.name]: shapeOf(node.value, known) }
      return shapeOf(node.body, { ...known, names })
    }
    case 'list':
      return { type: 'list', of: node.items.map((each) => shapeOf(each, known)).reduce(either, { type: 'nil' }) }
    case 'unary':
      return unary(node, known)
    case 'binary':
      return binary(node, known)
    case 'choice':
      must(node.when, shapeOf(node.when, known), ['truth'], 'what stands before "?" is true or false')
      return either(shapeOf(node.met, known), shapeOf(node.otherwise, known))
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
      must(right, b, ['list'], '"in" needs a list: result in [1, 2]')
      if (canBeEqual(a, elementOf(b))) return truth
      throw new ConditionFault(node.at, `"in" looks for ${told(a)} among ${told(elementOf(b))}: it is never there`)
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      both(['text'], `"${sign}" needs texts`)
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
  if ((compares || sign === '+') && a.type === 'text' && b.type === 'text') return compares ? truth : text
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

function told(shape: Shape): string {
  const words: { readonly [type in ShapeName]: string } = {
    number: 'a number',
    truth: 'what is true or false',
    text: 'a text',
    nil: 'nil',
    figure: 'an answer',
    any: 'a value',
    list: 'a list',
  }
  return words[shape.type]
}

function part(node: Extract<Node, { type: 'element' | 'slice' }>, known: Known): Shape {
  const of = shapeOf(node.of, known)
  if (node.of.type === 'result' && of.type === 'number')
    throw new ConditionFault(node.of.at, 'the answer is one number: say result, not result[0]')
  must(node.of, of, ['list', 'text'], 'only a list has elements')
  const ends = node.type === 'element' ? [node.index] : [node.from, node.to]
  for (const each of ends) if (each) must(each, shapeOf(each, known), ['number'], 'an element is named by its number')
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
  const test = node.test ? shapeOf(node.test, { ...known, item }) : item
  const wanted: readonly ShapeName[] = node.name === 'map' ? ['any'] : node.name === 'sum' ? ['number'] : ['truth']
  must(
    node.test ?? node.of,
    test,
    wanted,
    `"${node.name}" needs ${node.name === 'sum' ? 'a number' : 'a condition'} of "#"`,
  )
  return eachShape(node.name, item, test)
}

/**
 * Conditions over what a metric answers: `result[0] < 0.05 && !isNaN(result[0])`. A parser of our own into closures: nothing of a plan is ever run
 * as code. The words are those of Argo's conditions (expr-lang) as far as numbers go.
 */
import { suggestion } from '../core/errors.ts'
import { type Eval, functions, listIn, numberIn, type Shape, truthIn, type Value } from './functions.ts'
import { ConditionFault, type Token, tokensOf } from './tokens.ts'

/** `undecided`: there was nothing to judge. `error`: the condition does not fit the answer. */
export type Answer = { readonly type: 'yes' | 'no' } | { readonly type: 'undecided' | 'error'; readonly why: string }

export type Condition = (result: number | readonly number[]) => Answer

/** Reads a condition once. A text instead of a function is what is wrong with it, with its column. */
export function readCondition(text: string): Condition | string {
  try {
    const tokens = tokensOf(text)
    const node = new Parser(tokens).whole()
    const nan = tokens.some((token) => token.text === 'isNaN')
    return (result) => answer(node.eval, result, nan)
  } catch (error) {
    if (error instanceof ConditionFault) return error.message
    throw error
  }
}

function answer(run: Eval, result: number | readonly number[], nan: boolean): Answer {
  try {
    return { type: run({ result, item: undefined, nan }) === true ? 'yes' : 'no' }
  } catch (error) {
    if (!(error instanceof ConditionFault)) throw error
    return { type: error.unsure ? 'undecided' : 'error', why: error.message }
  }
}

interface Node {
  readonly shape: Shape
  readonly column: number
  readonly eval: Eval
}

const compared: { readonly [sign: string]: (a: number, b: number) => boolean } = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}
const reckoned: { readonly [sign: string]: (a: number, b: number) => number } = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
}
const quantifiers: { readonly [name: string]: (met: number, of: number) => boolean | number } = {
  all: (met, of) => met === of,
  any: (met) => met > 0,
  none: (met) => met === 0,
  count: (met) => met,
}

/** Recursive descent, loosest binding first. Each method reads one level and gives its closure. */
class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  /** Inside `all(result, …)`. */
  #items = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): Node {
    const node = this.#either()
    const left = this.#next()
    if (left.type !== 'end')
      throw new ConditionFault(left.column, `"${left.text}" comes after the end of the condition`)
    return this.#must(node, ['boolean'], 'a condition is true or false; compare it with something')
  }

  #either(): Node {
    let left = this.#both()
    for (let sign = this.#take('||', 'or'); sign; sign = this.#take('||', 'or'))
      left = this.#logic(left, this.#both(), sign)
    return left
  }

  #both(): Node {
    let left = this.#equal()
    for (let sign = this.#take('&&', 'and'); sign; sign = this.#take('&&', 'and'))
      left = this.#logic(left, this.#equal(), sign)
    return left
  }

  #logic(left: Node, right: Node, sign: Token): Node {
    const why = `"${sign.text}" joins what is true or false`
    const [a, b] = [this.#must(left, ['boolean'], why), this.#must(right, ['boolean'], why)]
    const ends = sign.text === '||' || sign.text === 'or'
    const run: Eval = (scope) => (truthIn(a.eval(scope), a.column) === ends ? ends : truthIn(b.eval(scope), b.column))
    return { shape: 'boolean', column: left.column, eval: run }
  }

  #equal(): Node {
    const left = this.#compare()
    const sign = this.#take('==', '!=')
    if (!sign) return left
    const right = this.#compare()
    const wanted = sign.text === '=='
    const plain = [left, right].some((each) => each.shape === 'boolean' || each.shape === 'nil')
    const same: Eval = plain
      ? (scope) => isSame(left.eval(scope), right.eval(scope))
      : (scope) => numberIn(left.eval(scope), scope, left.column) === numberIn(right.eval(scope), scope, right.column)
    return { shape: 'boolean', column: left.column, eval: (scope) => same(scope) === wanted }
  }

  #compare(): Node {
    const left = this.#sum()
    const sign = this.#take('<', '<=', '>', '>=')
    if (!sign) return left
    return this.#binary(left, this.#sum(), 'boolean', sign, compared)
  }

  #sum(): Node {
    let left = this.#product()
    for (let sign = this.#take('+', '-'); sign; sign = this.#take('+', '-'))
      left = this.#binary(left, this.#product(), 'number', sign, reckoned)
    return left
  }

  #product(): Node {
    let left = this.#unary()
    for (let sign = this.#take('*', '/', '%'); sign; sign = this.#take('*', '/', '%'))
      left = this.#binary(left, this.#unary(), 'number', sign, reckoned)
    return left
  }

  #binary(
    left: Node,
    right: Node,
    shape: Shape,
    sign: Token,
    table: { readonly [sign: string]: (a: number, b: number) => number | boolean },
  ): Node {
    const why = `"${sign.text}" needs numbers`
    const [a, b] = [this.#must(left, numeric, why), this.#must(right, numeric, why)]
    const work = table[sign.text]!
    const run: Eval = (scope) =>
      work(numberIn(a.eval(scope), scope, a.column), numberIn(b.eval(scope), scope, b.column))
    return { shape, column: left.column, eval: run }
  }

  #unary(): Node {
    const sign = this.#take('!', 'not', '-')
    if (!sign) return this.#indexed()
    const of = this.#unary()
    if (sign.text === '-') {
      const number = this.#must(of, numeric, '"-" needs a number')
      const run: Eval = (scope) => -numberIn(number.eval(scope), scope, number.column)
      return { shape: 'number', column: sign.column, eval: run }
    }
    const truth = this.#must(
      of,
      ['boolean'],
      `"${sign.text}" turns what is true or false; put a comparison in brackets`,
    )
    return { shape: 'boolean', column: sign.column, eval: (scope) => !truthIn(truth.eval(scope), truth.column) }
  }

  #indexed(): Node {
    let node = this.#primary()
    while (this.#take('[')) {
      const list = this.#must(node, ['list', 'figure'], 'only a list has elements')
      const index = this.#must(this.#either(), numeric, 'an element is named by its number')
      this.#expect(']')
      const run: Eval = (scope) => {
        const values = list.eval(scope)
        if (typeof values === 'number')
          throw new ConditionFault(list.column, 'the answer is one number: say result, not result[0]')
        return listIn(values, list.column)[numberIn(index.eval(scope), scope, index.column)] ?? null
      }
      node = { shape: 'number', column: list.column, eval: run }
    }
    return node
  }

  #primary(): Node {
    const token = this.#next()
    const { column, text } = token
    if (token.type === 'number') return constant(Number(text.replaceAll('_', '')), 'number', column)
    if (text === '(') {
      const node = this.#either()
      this.#expect(')')
      return node
    }
    if (text === '#') {
      if (this.#items === 0)
        throw new ConditionFault(column, '"#" stands for an element, inside all, any, none or count only')
      return { shape: 'number', column, eval: (scope) => scope.item ?? null }
    }
    if (token.type === 'end') throw new ConditionFault(column, 'the condition ends too early')
    if (token.type === 'sign') throw new ConditionFault(column, `"${text}" is not expected here`)
    return this.#word(token)
  }

  #word({ text, column }: Token): Node {
    if (text === 'result') return { shape: 'figure', column, eval: (scope) => scope.result }
    if (text === 'true' || text === 'false') return constant(text === 'true', 'boolean', column)
    if (text === 'nil' || text === 'null') return constant(null, 'nil', column)
    const known = [...Object.keys(functions), ...Object.keys(quantifiers), 'result', 'true', 'false', 'nil']
    if (!known.includes(text)) throw new ConditionFault(column, `"${text}" is not known${suggestion(text, known)}`)
    this.#expect('(')
    const node = Object.hasOwn(quantifiers, text) ? this.#quantified(text, column) : this.#called(text, column)
    this.#expect(')')
    return node
  }

  #called(name: string, column: number): Node {
    const { takes, gives, call } = functions[name]!
    const args = takes.map((shapes, index) => {
      if (index > 0) this.#expect(',')
      return this.#must(this.#either(), shapes, `"${name}" cannot take this`)
    })
    const shape = name === 'default' && args[1]?.shape === 'boolean' ? 'boolean' : gives
    return {
      shape,
      column,
      eval: (scope) =>
        call(
          args.map((each) => each.eval(scope)),
          scope,
          column,
        ),
    }
  }

  /** `all(result, # < 1)`, with or without braces around the condition. */
  #quantified(name: string, column: number): Node {
    const list = this.#must(this.#either(), ['list', 'figure', 'number'], `"${name}" needs a list`)
    this.#expect(',')
    const braces = this.#take('{')
    this.#items += 1
    const test = this.#must(this.#either(), ['boolean'], `"${name}" needs a condition of "#"`)
    this.#items -= 1
    if (braces) this.#expect('}')
    const run: Eval = (scope) => {
      const values = listIn(list.eval(scope), list.column)
      const met = values.filter((item) => truthIn(test.eval({ ...scope, item }), test.column)).length
      return quantifiers[name]!(met, values.length)
    }
    return { shape: name === 'count' ? 'number' : 'boolean', column, eval: run }
  }

  #must(node: Node, shapes: readonly Shape[], why: string): Node {
    if (shapes.includes(node.shape)) return node
    throw new ConditionFault(node.column, why)
  }

  #take(...texts: readonly string[]): Token | undefined {
    const token = this.#tokens[this.#at]
    if (!token || token.type === 'end' || token.type === 'number' || !texts.includes(token.text)) return undefined
    this.#at += 1
    return token
  }

  #expect(text: string): void {
    const token = this.#next()
    if (token.text !== text || token.type === 'end')
      throw new ConditionFault(
        token.column,
        `"${text}" is expected${token.type === 'end' ? '' : `, not "${token.text}"`}`,
      )
  }

  #next(): Token {
    const token = this.#tokens[this.#at]!
    if (token.type !== 'end') this.#at += 1
    return token
  }
}

const numeric: readonly Shape[] = ['number', 'figure']

function constant(value: Value, shape: Shape, column: number): Node {
  return { shape, column, eval: () => value }
}

function isSame(a: Value, b: Value): boolean {
  const plain = (value: Value) => (Array.isArray(value) && value.length === 0 ? null : value)
  return plain(a) === plain(b)
}

/** A condition read into a tree, with the binding strengths of expr-lang. Knows how it is written; not what fits together, nor what it comes to. */
import { suggestion } from '../../core/errors.ts'
import { eachNames, functions } from './functions.ts'
import { chained, isSign, isTaken, negated, notRead, rightToLeft, spelled, strengths, unary } from './operators.ts'
import { ConditionFault, type Token, tokensOf } from './tokens.ts'
import type { BinarySign, EachName, Entry, Node } from './tree.ts'

/** Throws `ConditionFault`. */
export function parse(text: string): Node {
  return new Parser(tokensOf(text)).whole()
}

/** Precedence climbing: each method reads one thing and leaves the next token to the next. */
class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  /** How many of `all(result, …)` are open. */
  #each = 0
  #names: readonly string[] = []

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): Node {
    const node = this.#sequence()
    const rest = this.#token()
    if (rest.type === 'end') return node
    if (rest.text === '=') throw new ConditionFault(rest.at, '"=" has no meaning here; two are needed to compare: "=="')
    throw new ConditionFault(rest.at, notRead(rest.text) ?? `"${rest.text}" comes after the end of the condition`)
  }

  /** `let x = …; …`, any number of them before the condition itself. */
  #sequence(): Node {
    const start = this.#take('let')
    if (!start) return this.#expression(0)
    const name = this.#next()
    if (name.type !== 'word' || isTaken(name.text))
      throw new ConditionFault(name.at, `"let" needs a name of its own, not "${name.text}"`)
    this.#expect('=')
    const value = this.#expression(0)
    this.#expect(';')
    const before = this.#names
    this.#names = [...before, name.text]
    const body = this.#sequence()
    this.#names = before
    return { type: 'let', name: name.text, value, body, at: start.at }
  }

  /** Everything that binds at least so strongly. */
  #expression(least: number): Node {
    let node = this.#operand()
    let before = ''
    for (;;) {
      // A pipe binds least of all, and what follows goes on with what it gave.
      if (least === 0 && this.#take('|')) {
        node = this.#piped(node)
        before = '|'
        continue
      }
      const not = this.#negation()
      const sign = this.#token(not ? 1 : 0)
      const strength = isSign(sign) ? strengths[sign.text] : undefined
      if (strength === undefined || strength < least) break
      this.#at += not ? 2 : 1
      if (before === '??' && sign.text !== '??')
        throw new ConditionFault(sign.at, `"??" and "${sign.text}" side by side can be read two ways: use brackets`)
      node = chained.includes(sign.text) ? this.#chain(node, sign) : this.#binary(node, sign, strength)
      if (not) node = { type: 'unary', sign: 'not', of: node, at: node.at }
      before = sign.text
    }
    return least === 0 ? this.#choice(node) : node
  }

  /** `not in` and its like. */
  #negation(): boolean {
    const [token, next] = [this.#token(), this.#token(1)]
    return token.type === 'word' && token.text === 'not' && next.type === 'word' && negated.includes(next.text)
  }

  #binary(lhs: Node, { text }: Token, strength: number): Node {
    const right = this.#expression(rightToLeft.includes(text) ? strength : strength + 1)
    return { type: 'binary', sign: spelled[text] ?? (text as BinarySign), left: lhs, right, at: lhs.at }
  }

  /** `0 < result < 1` is `0 < result and result < 1`. */
  #chain(first: Node, sign: Token): Node {
    const right = this.#expression(21)
    const node: Node = { type: 'binary', sign: sign.text as BinarySign, left: first, right, at: first.at }
    const next = this.#token()
    if (!isSign(next) || !chained.includes(next.text)) return node
    this.#at += 1
    return { type: 'binary', sign: 'and', left: node, right: this.#chain(right, next), at: first.at }
  }

  /** `result | filter(# > 1) | len()`. */
  #piped(node: Node): Node {
    const word = this.#next()
    if (word.type === 'word' && this.#isCallable(word.text)) return this.#after(this.#call(word, node))
    throw unexpected(word, 'a function is expected here')
  }

  #choice(when: Node): Node {
    let node = when
    while (this.#take('?')) {
      // `a ?: b` is `a ? a : b`.
      const short = this.#take(':') !== undefined
      const met = short ? node : this.#expression(0)
      if (!short) this.#expect(':')
      node = { type: 'choice', when: node, met, otherwise: this.#expression(0), at: node.at }
    }
    return node
  }

  #operand(): Node {
    const token = this.#token()
    const strength = isSign(token) ? unary[token.text] : undefined
    if (strength === undefined) return this.#after(this.#primary())
    this.#at += 1
    const of = this.#expression(strength)
    const sign = token.text === '-' || token.text === '+' ? token.text : 'not'
    return { type: 'unary', sign, of, at: token.at }
  }

  /** `.name`, `["name"]`, `[0]`, `[-1]`, `[1:3]`, and with `?.` before them, where what is taken of may be nil. */
  #after(node: Node): Node {
    let value = node
    for (;;) {
      const dot = this.#take('.', '?.')
      const sure = dot?.text !== '?.'
      if (dot && (sure || this.#token().text !== '[')) {
        value = this.#member(value, sure)
        continue
      }
      const open = this.#take('[')
      if (!open) return value
      const from = this.#token().text === ':' ? undefined : this.#expression(0)
      if (!this.#take(':')) {
        this.#expect(']')
        value = { type: 'element', of: value, index: from ?? value, sure, at: value.at }
        continue
      }
      const to = this.#token().text === ']' ? undefined : this.#expression(0)
      this.#expect(']')
      value = { type: 'slice', of: value, from, to, at: value.at }
    }
  }

  #member(of: Node, sure: boolean): Node {
    const word = this.#next()
    if (word.type !== 'word') throw unexpected(word, 'the name of a field is expected')
    if (this.#token().text === '(') throw new ConditionFault(word.at, `"${word.text}" is called: say ${word.text}(…)`)
    return { type: 'member', of, name: word.text, sure, at: of.at }
  }

  #primary(): Node {
    const token = this.#next()
    const { at, text } = token
    if (token.type === 'number') return { type: 'literal', value: Number(text.replaceAll('_', '')), at }
    if (token.type === 'text') return { type: 'literal', value: text, at }
    if (token.type === 'end') throw new ConditionFault(at, 'the condition ends too early')
    if (token.type === 'word') return this.#word(token)
    if (text === '(') {
      const node = this.#sequence()
      this.#expect(')')
      return node
    }
    if (text === '[') return { type: 'list', items: this.#listed(']', () => this.#expression(0)), at }
    if (text === '{') return { type: 'fields', entries: this.#listed('}', () => this.#entry()), at }
    if (text === '#') return this.#item(token)
    // Within `filter(result, .size > 1)` the element need not be named.
    if (text === '.' && this.#each > 0) return this.#member({ type: 'item', what: 'item', at }, true)
    throw new ConditionFault(at, `"${text}" is not expected here`)
  }

  #item({ at }: Token): Node {
    if (this.#each === 0)
      throw new ConditionFault(
        at,
        `"#" stands for an element, inside ${eachNames.slice(0, 5).join(', ')} and their like`,
      )
    const next = this.#token()
    if (next.type !== 'word' || isSign(next)) return { type: 'item', what: 'item', at }
    if (next.text !== 'index' && next.text !== 'acc')
      throw unexpected(next, '"#" is the element, "#index" its number, "#acc" what reduce has come to')
    this.#at += 1
    return { type: 'item', what: next.text === 'index' ? 'index' : 'sum', at }
  }

  /** `name: 1`, `"name": 1`, `(any): 1`. */
  #entry(): Entry {
    const name = this.#next()
    const plain = ['word', 'text', 'number'].includes(name.type)
    if (!plain && name.text !== '(') throw unexpected(name, 'the name of a field is expected')
    const key = plain ? ({ type: 'literal', value: name.text, at: name.at } as const) : this.#expression(0)
    if (!plain) this.#expect(')')
    this.#expect(':')
    return { key, value: this.#expression(0) }
  }

  /** `if one { … } else if other { … } else { … }`. */
  #if({ at }: Token): Node {
    const when = this.#expression(0)
    const met = this.#block()
    const word = this.#next()
    if (word.text !== 'else') throw unexpected(word, '"else" is expected')
    const again = this.#take('if')
    return { type: 'choice', when, met, otherwise: again ? this.#if(again) : this.#block(), at }
  }

  #block(): Node {
    this.#expect('{')
    const node = this.#sequence()
    this.#expect('}')
    return node
  }

  #word(token: Token): Node {
    const { text, at } = token
    if (text === 'result') return { type: 'result', at }
    if (text === 'true' || text === 'false') return { type: 'literal', value: text === 'true', at }
    if (text === 'nil' || text === 'null') return { type: 'literal', value: null, at }
    if (this.#names.includes(text)) return { type: 'name', name: text, at }
    if (text === 'if') return this.#if(token)
    if (this.#isCallable(text)) return this.#call(token)
    const known = [...Object.keys(functions), ...eachNames, ...this.#names, 'result', 'true', 'false', 'nil']
    throw new ConditionFault(at, notRead(text) ?? `"${text}" is not known${suggestion(text, known)}`)
  }

  /** `piped`: what came before a `|`, the first argument then. */
  #call({ text, at }: Token, piped?: Node): Node {
    this.#expect('(')
    const isEach = (eachNames as readonly string[]).includes(text)
    const values = () => this.#listed(')', () => this.#expression(0))
    if (!isEach) return { type: 'call', name: text, args: [...(piped ? [piped] : []), ...values()], at }
    const of = piped ?? this.#expression(0)
    const hasTest = piped ? this.#token().text !== ')' : this.#take(',') !== undefined
    const test = hasTest ? this.#test() : undefined
    if (text === 'sum' && !test) {
      this.#expect(')')
      return { type: 'call', name: text, args: [of], at }
    }
    if (!test && text !== 'count')
      throw new ConditionFault(at, `"${text}" needs a condition of "#": ${text}(result, # < 1)`)
    const takesMore = text === 'reduce' || text === 'sortBy'
    const more = takesMore && this.#take(',') ? this.#expression(0) : undefined
    this.#expect(')')
    return { type: 'each', name: text as EachName, of, test, more, at }
  }

  /** With or without braces. */
  #test(): Node {
    this.#each += 1
    const test = this.#token().text === '{' ? this.#block() : this.#expression(0)
    this.#each -= 1
    return test
  }

  #listed<T>(end: string, one: () => T): readonly T[] {
    const items: T[] = []
    if (this.#take(end)) return items
    for (;;) {
      items.push(one())
      if (this.#take(end)) return items
      this.#expect(',', end)
      if (this.#take(end)) return items
    }
  }

  #isCallable(text: string): boolean {
    return Object.hasOwn(functions, text) || (eachNames as readonly string[]).includes(text)
  }

  #token(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!
  }

  #next(): Token {
    const token = this.#token()
    if (token.type !== 'end') this.#at += 1
    return token
  }

  #take(...texts: readonly string[]): Token | undefined {
    const token = this.#token()
    if ((token.type !== 'sign' && token.type !== 'word') || !texts.includes(token.text)) return undefined
    this.#at += 1
    return token
  }

  #expect(...texts: readonly string[]): void {
    const token = this.#token()
    if (!this.#take(...texts)) throw unexpected(token, `"${texts[0]!}" is expected`)
  }
}

function unexpected({ type, text, at }: Token, wanted: string): ConditionFault {
  return new ConditionFault(at, `${wanted}${type === 'end' ? '' : `, not "${text}"`}`)
}

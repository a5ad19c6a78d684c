/**
 * Queries of a metrics page, in a small part of PromQL: `name{label="x", other=~"y.*"}`, `rate(… [30s])`, `increase(…)`,
 * `sum(…)`, `max`, `min`, `avg`, `count`, `histogram_quantile(0.95, …)`, and `+ - * /` between single figures. Parses; has no page.
 */

export interface Matcher {
  readonly label: string
  readonly sign: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

export const foldNames = ['sum', 'max', 'min', 'avg', 'count'] as const
export const growthNames = ['rate', 'increase', 'delta'] as const

export type Query =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'series'; readonly name: string; readonly matchers: readonly Matcher[] }
  | {
      readonly type: 'growth'
      readonly by: (typeof growthNames)[number]
      readonly of: Query
      readonly windowMs: number
    }
  | { readonly type: 'fold'; readonly by: (typeof foldNames)[number]; readonly of: Query }
  | { readonly type: 'quantile'; readonly share: number; readonly of: Query }
  | { readonly type: 'reckon'; readonly sign: string; readonly left: Query; readonly right: Query }

/** What is wrong with a query, with its column. */
export class QueryFault extends Error {
  constructor(column: number, why: string) {
    super(`column ${column}: ${why}`)
  }
}

const units: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Throws `QueryFault`. */
export function readQuery(text: string): Query {
  const reader = new Reader(text)
  const query = reader.sum()
  reader.end()
  return query
}

class Reader {
  readonly #text: string
  #at = 0
  #deep = 0

  constructor(text: string) {
    this.#text = text
  }

  end(): void {
    this.#space()
    if (this.#at < this.#text.length) this.#fail(`"${this.#text[this.#at]}" comes after the end of the query`)
  }

  sum(): Query {
    let left = this.#product()
    for (let sign = this.#match(/[+-]/y); sign; sign = this.#match(/[+-]/y))
      left = { type: 'reckon', sign: sign[0], left, right: this.#product() }
    return left
  }

  #product(): Query {
    let left = this.#primary()
    for (let sign = this.#match(/[*/]/y); sign; sign = this.#match(/[*/]/y))
      left = { type: 'reckon', sign: sign[0], left, right: this.#primary() }
    return left
  }

  #primary(): Query {
    this.#deep += 1
    if (this.#deep > 50) this.#fail('it is nested too deeply')
    const query = this.#bracketed() ?? this.#number() ?? this.#named()
    this.#deep -= 1
    return query
  }

  #bracketed(): Query | undefined {
    if (!this.#match(/\(/y)) return undefined
    const query = this.sum()
    this.#expect(/\)/y, '")"')
    return query
  }

  #number(): Query | undefined {
    const found = this.#match(/-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?/y)
    return found ? { type: 'number', value: Number(found[0]) } : undefined
  }

  #named(): Query {
    const start = this.#at
    const name = this.#match(/[a-zA-Z_:][\w:]*/y)?.[0] ?? (this.#peek('{') ? '' : undefined)
    if (name === undefined) return this.#fail('the name of a metric is expected')
    if (!this.#peek('(')) return this.#series(name)
    const fold = foldNames.find((each) => each === name)
    const growth = growthNames.find((each) => each === name)
    if (!fold && !growth && name !== 'histogram_quantile') {
      this.#at = start
      const known = [...growthNames, ...foldNames, 'histogram_quantile'].join(', ')
      return this.#fail(
        `"${name}" is no function here; there are ${known}. A Prometheus has them all: adapter \`prometheus\``,
      )
    }
    this.#expect(/\(/y, '"("')
    const query = growth
      ? this.#growth(growth)
      : fold
        ? { type: 'fold' as const, by: fold, of: this.sum() }
        : this.#quantile()
    this.#expect(/\)/y, '")"')
    return query
  }

  #growth(by: (typeof growthNames)[number]): Query {
    const of = this.#named()
    if (of.type !== 'series') this.#fail(`"${by}" is of series: ${by}(name{label="x"}[30s])`)
    const range = this.#expect(/\[\s*(\d+)\s*(ms|s|m|h|d)\s*\]/y, 'a range such as "[30s]"')
    return { type: 'growth', by, of, windowMs: Number(range[1]) * (units[range[2] ?? ''] ?? 1) }
  }

  #quantile(): Query {
    const share = this.#expect(/\d*\.?\d+/y, 'a quantile from 0 to 1')
    if (Number(share[0]) > 1) this.#fail(`${share[0]} is no quantile: it is from 0 to 1`)
    this.#expect(/,/y, '","')
    return { type: 'quantile', share: Number(share[0]), of: this.sum() }
  }

  #series(name: string): Query {
    const matchers: Matcher[] = []
    if (this.#match(/\{/y)) {
      while (!this.#match(/\}/y)) {
        const label = this.#expect(/[a-zA-Z_][\w.]*/y, 'the name of a label, or "}"')[0]
        const sign = this.#expect(/=~|!~|!=|=/y, 'one of = != =~ !~')[0] as Matcher['sign']
        const quoted = this.#expect(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/y, 'a text in quotes')
        const value = (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, (_, each: string) =>
          each === 'n' ? '\n' : each,
        )
        if (sign.endsWith('~') && !isPattern(value)) this.#fail(`"${value}" is no regular expression`)
        matchers.push({ label, sign, value })
        if (!this.#match(/,/y) && !this.#peek('}')) this.#fail('"," or "}" is expected')
      }
    }
    if (name === '' && matchers.length === 0) this.#fail('it names no metric')
    return { type: 'series', name, matchers }
  }

  #expect(pattern: RegExp, what: string): RegExpExecArray {
    return this.#match(pattern) ?? this.#fail(`${what} is expected`)
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    this.#space()
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (!found) return undefined
    this.#at = pattern.lastIndex
    return found
  }

  #peek(sign: string): boolean {
    this.#space()
    return this.#text[this.#at] === sign
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1
  }

  #fail(why: string): never {
    throw new QueryFault(this.#at + 1, why)
  }
}

function isPattern(text: string): boolean {
  try {
    return Boolean(new RegExp(`^(?:${text})$`, 's'))
  } catch {
    return false
  }
}

/** A page of series that is read again and again, asked by queries. Keeps what rates look back on, and no more; where the page comes from it is told. */
import { ChangeoverError } from '../core/errors.ts'
import type { Measured } from '../core/ports/index.ts'
import type { Series } from './exposition.ts'
import { answerQuery, lookBack, type Scrape } from './page.ts'
import { type Query, QueryFault, readQuery } from './selector.ts'

export interface PageSource {
  /** The adapter, for messages. */
  readonly name: string
  take(): Promise<readonly Series[]>
  /** Milliseconds since 1970. */
  now(): number
  /** Queries that come within so many milliseconds share one scrape. */
  readonly shareMs: number
}

/** What such a page can be asked, for `tools` of its adapter. */
export const pageLanguage =
  'name{label="x"}, rate|increase|delta(…[30s]), sum|max|min|avg|count(…), histogram_quantile(0.95, …), + - * /'

export class ScrapedPage {
  readonly #source: PageSource
  /** Only the series that some rate was asked of, for as long as it looks back. */
  #history: readonly Scrape[] = []
  readonly #rated = new Set<string>()
  #keepMs = 0
  #last: { readonly asked: number; readonly scrape: Promise<Scrape> } | undefined

  constructor(source: PageSource) {
    this.#source = source
  }

  /** Throws `target.failed` where the query cannot be read, and what `take` throws. */
  async measure(text: string): Promise<Measured> {
    const query = this.#read(text)
    const taken = await this.#scrape()
    for (const name of ratedIn(query)) this.#rated.add(name)
    this.#keepMs = Math.max(this.#keepMs, lookBack(query))
    this.#remember(taken)
    const past = this.#history.filter((each) => each.at < taken.at)
    const answer = answerQuery(query, [...past, taken])
    if (answer.type === 'figure') return { value: answer.value, at: answer.at }
    const times = answer.items.map((each) => each.at ?? taken.at)
    return {
      value: answer.items.map((each) => each.value),
      at: times.length === 0 ? null : Math.min(...times),
      labels: answer.items.map((each) => each.labels),
    }
  }

  #read(text: string): Query {
    try {
      return readQuery(text)
    } catch (error) {
      if (!(error instanceof QueryFault)) throw error
      throw new ChangeoverError(
        'target.failed',
        `"${text}" cannot be read: ${error.message}`,
        `see \`changeover docs adapters\` for what ${this.#source.name} can be asked`,
      )
    }
  }

  #remember(taken: Scrape): void {
    const own: Scrape = { at: taken.at, series: taken.series.filter((each) => this.#rated.has(each.name)) }
    const young = this.#history.filter((each) => each.at >= taken.at - this.#keepMs && each.at !== taken.at)
    this.#history = [...young, own]
  }

  /** One scrape for queries of the same moment; a scrape that failed is not shared with later ones. */
  #scrape(): Promise<Scrape> {
    const now = this.#source.now()
    if (this.#last && now - this.#last.asked < this.#source.shareMs) return this.#last.scrape
    const taken = this.#source.take().then((series) => ({ at: this.#source.now(), series }))
    this.#last = { asked: now, scrape: taken }
    taken.catch(() => (this.#last = undefined))
    return taken
  }
}

/** The names of the series that a query wants the past of. */
function ratedIn(query: Query): readonly string[] {
  switch (query.type) {
    case 'number':
    case 'series':
      return []
    case 'growth':
      return query.of.type === 'series' ? [query.of.name] : []
    case 'reckon':
      return [...ratedIn(query.left), ...ratedIn(query.right)]
    default:
      return ratedIn(query.of)
  }
}

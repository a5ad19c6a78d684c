/** A run as its runner sees it: the folded state, kept up with what others append, and the one place that appends. Decides nothing. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import type { Event, Happening, Journal } from '../core/event.ts'
import { fold, evolve, type RunState } from '../core/run.ts'

export type Listener = (event: Event, state: RunState) => void

export interface RecordOptions {
  readonly journal: Journal
  readonly run: string
  /** This runner's token: events of a claim by another one end it. Absent for a door that only appends control events. */
  readonly token?: string
  readonly redact: (what: Happening) => Happening
  readonly onEvent?: Listener | undefined
}

export class Record {
  readonly #options: RecordOptions
  #state: RunState
  #busy: Promise<unknown> = Promise.resolve()

  private constructor(options: RecordOptions, state: RunState) {
    this.#options = options
    this.#state = state
  }

  /** Throws `run.not-found`. */
  static async open(options: RecordOptions): Promise<Record> {
    const state = fold(await options.journal.read(options.run))
    if (state) return new Record(options, state)
    throw new ChangeoverError('run.not-found', `there is no run "${options.run}"`, 'start one with `changeover run`')
  }

  get state(): RunState {
    return this.#state
  }

  get run(): string {
    return this.#options.run
  }

  /** Takes in what others appended. */
  sync(): Promise<RunState> {
    return this.#alone(() => this.#catchUp())
  }

  /** Appends, after whatever others appended meanwhile. Throws `run.fenced` when one of those is another runner's claim. */
  append(what: Happening): Promise<RunState> {
    return this.decide(() => what)
  }

  /** The same for what depends on the state: asked again when another was first, so that two with one wish append it once. */
  decide(choose: (state: RunState) => Happening | undefined): Promise<RunState> {
    return this.#alone(async () => {
      for (;;) {
        const what = choose(this.#state)
        if (what === undefined) return this.#state
        try {
          this.#take(await this.#options.journal.append(this.run, this.#options.redact(what), this.#state.seq))
          return this.#state
        } catch (error) {
          if (!isChangeoverError(error) || error.code !== 'journal.conflict') throw error
          await this.#catchUp()
        }
      }
    })
  }

  async #catchUp(): Promise<RunState> {
    for (const event of await this.#options.journal.read(this.run, this.#state.seq)) this.#take(event)
    return this.#state
  }

  #take(event: Event): void {
    this.#state = evolve(this.#state, event)
    this.#options.onEvent?.(event, this.#state)
    const { token } = this.#options
    if (token === undefined || event.type !== 'run.claimed' || event.by.token === token) return
    const message = `run "${this.run}" was taken over by ${event.by.user}@${event.by.host}, process ${event.by.pid}`
    throw new ChangeoverError('run.fenced', message, 'leave it to that runner: `changeover status --watch`')
  }

  #alone<T>(body: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(body)
    this.#busy = done.catch(() => undefined)
    return done
  }
}

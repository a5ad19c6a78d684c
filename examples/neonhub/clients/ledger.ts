/** What the clients know to be true: every write that was acknowledged, so that it can be asked for again. Knows no API and no database. */

/** `scope` is known once a v4 client wrote it; v3 has no word for it and must leave it alone. */
export interface KnownUser {
  readonly email: string
  readonly consent: boolean
  readonly scope: readonly string[] | null
  /** Acknowledged changes of consent, creation included: so many lines of the trail there must be at least. */
  readonly consentWrites: number
}

/** `data` is JSON text as it was sent. */
export interface KnownModel {
  readonly data: string
  readonly version: number
}

/** `uncertain` are rows of which a client asked for a change and did not learn (or not yet) whether it happened. */
export interface LedgerRecord {
  readonly users: Readonly<Record<string, KnownUser>>
  readonly models: Readonly<Record<string, KnownModel>>
  /** Lines of the trail by id: the details as JSON text. */
  readonly audit: Readonly<Record<string, string>>
  readonly uncertain: { readonly users: readonly number[]; readonly models: readonly number[] }
  /** Creations of which the outcome is not known: such a row may be there. */
  readonly uncertainCreations: number
}

type Kind = 'users' | 'models'

export class Ledger {
  readonly users = new Map<number, KnownUser>()
  readonly models = new Map<number, KnownModel>()
  readonly audit = new Map<number, string>()
  readonly #uncertain = { users: new Set<number>(), models: new Set<number>() }
  readonly #taken = new Set<string>()
  readonly #ids: Record<Kind, number[]> = { users: [], models: [] }
  uncertainCreations = 0

  /** One task at a time has a row: then what it reads can only be what was written last. False when another has it. */
  take(kind: Kind, id: number): boolean {
    if (this.#taken.has(`${kind}/${id}`)) return false
    this.#taken.add(`${kind}/${id}`)
    return true
  }

  release(kind: Kind, id: number): void {
    this.#taken.delete(`${kind}/${id}`)
  }

  wroteUser(id: number, known: KnownUser): void {
    if (!this.users.has(id)) this.#ids.users.push(id)
    this.users.set(id, known)
    this.#uncertain.users.delete(id)
  }

  wroteModel(id: number, known: KnownModel): void {
    if (!this.models.has(id)) this.#ids.models.push(id)
    this.models.set(id, known)
    this.#uncertain.models.delete(id)
  }

  /** A write failed: it may or may not have happened. Nothing is claimed about the row until it is written again. */
  doubt(kind: Kind, id: number): void {
    this.#uncertain[kind].add(id)
  }

  /** What is known of a user for certain. */
  user(id: number): KnownUser | undefined {
    return this.#uncertain.users.has(id) ? undefined : this.users.get(id)
  }

  /** What is known of a model for certain. */
  model(id: number): KnownModel | undefined {
    return this.#uncertain.models.has(id) ? undefined : this.models.get(id)
  }

  /** A row that was written before: the `nth` of them, or null while there is none. */
  written(kind: Kind, nth: (below: number) => number): number | null {
    const ids = this.#ids[kind]
    return ids.length === 0 ? null : ids[nth(ids.length)]!
  }

  /** v4 is gone, and with it may be what only v4 knows. */
  forgetV4(): void {
    for (const [id, known] of this.users) if (known.scope !== null) this.users.set(id, { ...known, scope: null })
  }

  record(): LedgerRecord {
    const taken = (kind: Kind): number[] =>
      [...this.#taken].filter((each) => each.startsWith(kind)).map((each) => Number(each.split('/')[1]))
    const uncertain = (kind: Kind): number[] => [...new Set([...this.#uncertain[kind], ...taken(kind)])]
    return {
      users: Object.fromEntries(this.users),
      models: Object.fromEntries(this.models),
      audit: Object.fromEntries(this.audit),
      uncertain: { users: uncertain('users'), models: uncertain('models') },
      uncertainCreations: this.uncertainCreations,
    }
  }
}

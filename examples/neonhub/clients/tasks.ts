/** What a client does all day: reads and writes users and models, and asks for what it wrote, in its own shape and in the other's. */
import { sequence } from './random.ts'
import type { Caller } from './caller.ts'
import type { Dialect, SeenModel, SeenUser } from './dialect.ts'
import { type Exact, exact, field, settled, whole } from './exact.ts'
import type { KnownModel, KnownUser, Ledger } from './ledger.ts'

export interface Ground {
  readonly dialect: Dialect
  readonly caller: Caller
  readonly ledger: Ledger
  readonly seed: number
  /** Rows of the fill: users 1 to `users`, models 1 to `models`. */
  readonly users: number
  readonly models: number
  /** Makes the emails of this process its own. */
  readonly tag: string
  /** The other shape and who asks in it, while the other version is there to answer. */
  other(): { readonly dialect: Dialect; readonly caller: Caller } | null
}

/** Does one thing, chosen by the seed; call it again and again, from several loops at once. */
export function worker(ground: Ground): () => Promise<void> {
  const random = sequence(ground.seed)
  let made = 0
  const tasks: readonly (readonly [weight: number, run: () => Promise<void>])[] = [
    [30, () => withRow('users', (id) => readUser(ground, id))],
    [10, () => listUsers(ground, random.next(ground.users))],
    [15, () => withRow('models', (id) => readModel(ground, id))],
    [
      20,
      () =>
        withRow('users', (id) => changeConsent(ground, id, random.next(2) === 1, scopes[random.next(scopes.length)]!)),
    ],
    [15, () => withRow('models', (id) => changeModel(ground, id, modelData(random.next(1_000_000), made++)))],
    [4, () => createUser(ground, made++, random.next(2) === 1, scopes[random.next(scopes.length)]!)],
    [3, () => createModel(ground, 1 + random.next(ground.users), modelData(random.next(1_000_000), made++), made)],
    [
      3,
      () =>
        ground.dialect.client === 'v3'
          ? addToTrail(ground, 1 + random.next(ground.users), made++)
          : readFederation(ground),
    ],
  ]
  const total = tasks.reduce((sum, [weight]) => sum + weight, 0)

  async function withRow(kind: 'users' | 'models', run: (id: number) => Promise<void>): Promise<void> {
    // half of the time a row that was written before, so that the versions meet on the same rows
    const known = random.next(2) === 0 ? ground.ledger.written(kind, (below) => random.next(below)) : null
    const id = known ?? 1 + random.next(ground[kind])
    if (!ground.ledger.take(kind, id)) return
    try {
      await run(id)
    } finally {
      ground.ledger.release(kind, id)
    }
  }

  return () => {
    let left = random.next(total)
    const [, run] = tasks.find(([weight]) => (left -= weight) < 0)!
    return run()
  }
}

const scopes = [
  ['federated_learning'],
  ['federated_learning', 'cross_border_processing'],
  ['analytics', 'überregional'],
  [],
] as const

/** Numbers that no double holds, text from several scripts, empty and deep values; spelled as PostgreSQL keeps them. */
function modelData(number: number, made: number): string {
  return `{"parameters": 9007199254740993${String(number).padStart(6, '0')}, "learningRate": 0.100000000000000005551115123125${number},
    "weights": [0.${1_000_000 + number}123456789, -0.25, 1.0, 2.50], "label": "モデル ✓ №${made} \\"quoted\\"", "layers": [{"type": "dense", "ε": null}], "extra": {}, "trained": true}`
}

const userPath = (dialect: Dialect, id: number): string => `${dialect.base}/users/${id}`
const modelPath = (dialect: Dialect, id: number): string => `${dialect.base}/models/${id}`

/** What an answer about a user lacks, by all that is known of that user. */
function wrongUser(ground: Ground, seen: SeenUser, id: number, known: KnownUser | undefined): string | null {
  if (seen.id !== id) return `id ${id}`
  const email = known?.email ?? (id <= ground.users ? `user${id}@neonhub.example` : seen.email)
  if (seen.email !== email) return `email ${email}`
  if (typeof seen.consent !== 'boolean') return 'a consent that is true or false'
  if (known && seen.consent !== known.consent) return `consent ${known.consent}`
  const scope = known?.scope && JSON.stringify(known.scope)
  return scope && seen.scope && JSON.stringify(seen.scope) !== scope ? `scope ${scope}` : null
}

function wrongModel(seen: SeenModel, id: number, known: KnownModel | undefined): string | null {
  if (seen.id !== id) return `id ${id}`
  if (!known) return seen.data === 'null' ? 'model data' : null
  if (seen.version !== known.version) return `version ${known.version}`
  const data = settled(exact(known.data))
  return seen.data === data ? null : `model data ${data}`
}

type By = Pick<Ground, 'dialect' | 'caller'>

async function readUser(ground: Ground, id: number, by: By = ground): Promise<void> {
  const known = ground.ledger.user(id)
  await by.caller.ask({
    method: 'GET',
    path: userPath(by.dialect, id),
    judge: (body) => wrongUser(ground, by.dialect.user(body), id, known),
  })
}

async function readModel(ground: Ground, id: number, by: By = ground): Promise<void> {
  const known = ground.ledger.model(id)
  await by.caller.ask({
    method: 'GET',
    path: modelPath(by.dialect, id),
    judge: (body) => wrongModel(by.dialect.model(body), id, known),
  })
}

async function readBack(ground: Ground, read: (by: By) => Promise<void>): Promise<void> {
  await read(ground)
  const other = ground.other()
  if (other) await read(other)
}

async function listUsers(ground: Ground, after: number): Promise<void> {
  const judge = (body: Exact): string | null => {
    const items = field(body, 'items')
    const ids = Array.isArray(items) ? items.map((each) => ground.dialect.user(each).id) : []
    const right = ids.length > 0 && ids.length <= 10 && ids.every((id, index) => id > (ids[index - 1] ?? after))
    return right ? null : `at most 10 users in the order of their ids after ${after}`
  }
  await ground.caller.ask({ method: 'GET', path: `${ground.dialect.base}/users?after=${after}&limit=10`, judge })
}

async function changeConsent(ground: Ground, id: number, given: boolean, scope: readonly string[]): Promise<void> {
  const { dialect, ledger } = ground
  const before = ledger.users.get(id)
  const after = (email: string): KnownUser => ({
    email,
    consent: given,
    scope: dialect.client === 'v4' ? scope : (ledger.users.get(id)?.scope ?? null),
    consentWrites: (before?.consentWrites ?? 0) + 1,
  })
  const judge = (answer: Exact): string | null => {
    const seen = dialect.user(answer)
    return wrongUser(ground, seen, id, after(before?.email ?? seen.email))
  }
  const body = dialect.consent(given, scope)
  const outcome = await ground.caller.ask({ method: 'PUT', path: `${userPath(dialect, id)}/consent`, body, judge })
  if (outcome.type === 'failed') ledger.doubt('users', id)
  if (outcome.type !== 'right') return
  ledger.wroteUser(id, after(dialect.user(outcome.body).email))
  await readBack(ground, (by) => readUser(ground, id, by))
}

async function changeModel(ground: Ground, id: number, data: string): Promise<void> {
  const { dialect, ledger } = ground
  const before = ledger.model(id)
  const judge = (answer: Exact): string | null => {
    const seen = dialect.model(answer)
    return wrongModel(seen, id, { data, version: before ? before.version + 1 : seen.version })
  }
  const outcome = await ground.caller.ask({
    method: 'PUT',
    path: modelPath(dialect, id),
    body: dialect.changedModel(data),
    judge,
  })
  if (outcome.type === 'failed') ledger.doubt('models', id)
  if (outcome.type !== 'right') return
  ledger.wroteModel(id, { data, version: dialect.model(outcome.body).version })
  await readBack(ground, (by) => readModel(ground, id, by))
}

async function createUser(ground: Ground, made: number, given: boolean, scope: readonly string[]): Promise<void> {
  const { dialect, ledger } = ground
  const email = `${dialect.client}-${ground.tag}-${made}@clients.example`
  const judge = (answer: Exact): string | null => {
    const seen = dialect.user(answer)
    return seen.email === email && seen.consent === given && seen.id > 0
      ? null
      : `a user ${email} with consent ${given}`
  }
  const path = `${dialect.base}/users`
  const body = dialect.newUser(email, `Client ${made}`, given, scope)
  const outcome = await ground.caller.ask({ method: 'POST', path, status: 201, body, judge })
  if (outcome.type === 'failed') ledger.uncertainCreations++
  if (outcome.type !== 'right') return
  const { id } = dialect.user(outcome.body)
  ledger.take('users', id)
  ledger.wroteUser(id, { email, consent: given, scope: dialect.client === 'v4' ? scope : null, consentWrites: 1 })
  await readBack(ground, (by) => readUser(ground, id, by)).finally(() => ledger.release('users', id))
}

async function createModel(ground: Ground, owner: number, data: string, made: number): Promise<void> {
  const { dialect, ledger } = ground
  const judge = (answer: Exact): string | null =>
    dialect.model(answer).data === settled(exact(data)) ? null : `model data ${settled(exact(data))}`
  const path = `${dialect.base}/models`
  const body = dialect.newModel(owner, `client-model-${made}`, data)
  const outcome = await ground.caller.ask({ method: 'POST', path, status: 201, body, judge })
  if (outcome.type === 'failed') ledger.uncertainCreations++
  if (outcome.type !== 'right') return
  const { id, version } = dialect.model(outcome.body)
  ledger.take('models', id)
  ledger.wroteModel(id, { data, version })
  await readBack(ground, (by) => readModel(ground, id, by)).finally(() => ledger.release('models', id))
}

async function addToTrail(ground: Ground, subject: number, made: number): Promise<void> {
  const details = `{"note": "seen by ${ground.tag}", "amount": 12345678901234567890.${10 + (made % 90)}}`
  const judge = (answer: Exact): string | null =>
    settled(field(answer, 'details')) === settled(exact(details)) ? null : `details ${details}`
  const body = `{"actor": "client", "action": "profile.viewed", "subject_table": "users", "subject_id": ${subject}, "details": ${details}}`
  const outcome = await ground.caller.ask({ method: 'POST', path: '/api/v3/audit', status: 201, body, judge })
  if (outcome.type === 'failed') ground.ledger.uncertainCreations++
  if (outcome.type !== 'right') return
  const id = whole(field(outcome.body, 'id'))
  ground.ledger.audit.set(id, details)
  await ground.caller.ask({ method: 'GET', path: `/api/v3/audit/${id}`, judge })
}

async function readFederation(ground: Ground): Promise<void> {
  const isStatus = (body: Exact): string | null =>
    typeof field(body, 'enabled') === 'boolean' ? null : 'whether the federation is enabled'
  await ground.caller.ask({ method: 'GET', path: '/api/v1/federation/status', judge: isStatus })
  const isList = (body: Exact): string | null => (Array.isArray(field(body, 'items')) ? null : 'a list of nodes')
  await ground.caller.ask({ method: 'GET', path: '/api/v1/federation/nodes', judge: isList })
}

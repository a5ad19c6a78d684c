/** The tools around a fleet that its guide calls `dwcp-cli`, as an HTTP door: drain, keep and convert states, settle before a downgrade; and the page of metrics. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Reply, serve } from '../stage/http.ts'
import { type NodeAddress, type Place, stateFile } from './inventory.ts'
import { Monitor } from './monitor.ts'
import { exercise } from './exercise.ts'
import { watchMemory } from './memory-watch.ts'
import { writeState } from './node/keeping.ts'
import { downgrade, type NodeState } from './node/state.ts'
import { codecsReady } from './pages/codecs.ts'
import { features } from './wire/features.ts'

export interface Door {
  readonly url: string
  /** Messages that the team got. */
  readonly messages: () => number
  /** What a v1 could not have held, by node, whenever a downgrade was refused. */
  readonly refusals: () => readonly string[]
  stop(): Promise<void>
}
export interface DoorOptions {
  readonly home: string
  readonly nodes: readonly NodeAddress[]
  readonly load: string
  readonly placeOf: (node: string) => Place
}
interface Status {
  readonly version: string
  readonly flags: readonly string[]
  readonly groups: Readonly<Record<string, { readonly algorithm: string }>>
  readonly arriving: readonly string[]
}

const patienceMs = 20_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const done = (body: object): Reply => ({ status: 200, body })

export async function openDoor({ home, nodes, load, placeOf }: DoorOptions): Promise<Door> {
  await codecsReady()
  const urls = Object.fromEntries(nodes.map(({ id, admin }) => [id, admin]))
  const monitor = new Monitor({ nodes: urls, load, placeOf })
  const memory = watchMemory(() => monitor.page())
  const refusals: string[] = []
  let messages = 0
  const work: Readonly<Record<string, (node: NodeAddress) => Promise<Reply>>> = {
    drain: async (node) => done(await empty(node, nodes)),
    open: async ({ admin }) => done(await until(admin, () => true)),
    up: ({ id }) => Promise.resolve(keep(home, id)),
    down: ({ id }) => Promise.resolve(takeDown(home, id, refusals)),
    join: async ({ admin }) =>
      done(await until(admin, (status) => status.version === 'v3' && status.flags.length === 0)),
    settle: (node) => settle(home, node, nodes),
  }
  const server = await serve(0, {
    'GET /metrics': () => ({ status: 200, body: monitor.page() }),
    'PUT /nodes': async ({ path: [id, what = ''] }) => {
      const node = nodes.find((each) => each.id === id)
      const run = work[what]
      return node === undefined || run === undefined
        ? { status: 404, body: { error: 'no such node or work' } }
        : run(node)
    },
    'PUT /exercise': async ({ path: [name] }) => {
      const feature = features.find((each) => each === name)
      return feature === undefined
        ? { status: 404, body: { error: 'no such feature' } }
        : done(await exercise(feature, nodes))
    },
    'GET /memory': ({ path: [seconds] }) => done(memory.last(Number(seconds))),
    'PUT /export': async () => done(await exportAll(home, nodes)),
    'PUT /archive': () => done(archive(home, monitor.page())),
    'POST /team': () => (messages++, done({})),
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    messages: () => messages,
    refusals: () => refusals,
    stop: async () => {
      memory.stop()
      monitor.stop()
      await server.stop()
    },
  }
}

/** `dwcp-cli export`, of every node. */
async function exportAll(home: string, nodes: readonly NodeAddress[]): Promise<object> {
  for (const { id, admin } of nodes)
    writeFileSync(join(home, 'exports', `${id}.json`), await (await fetch(`${admin}/state`)).text())
  return { exported: nodes.length }
}

/** `dwcp-cli archive-metrics`. */
function archive(home: string, page: string): object {
  const file = join(home, 'backups', 'metrics-before-clean-up.txt')
  writeFileSync(file, page)
  return { archived: basename(file) }
}

/** v3 reads what v1 wrote; v1's own is kept, for whoever wants to see it. */
function keep(home: string, id: string): Reply {
  const from = stateFile(home, id)
  if (!existsSync(from)) return done({ kept: false })
  copyFileSync(from, join(home, 'backups', `${id}.v1.json`))
  return done({ kept: true })
}

/** What the v3 node left, as v1 reads it; or a refusal that names what would be lost, and nothing is written. */
function takeDown(home: string, id: string, refusals: string[]): Reply {
  const path = stateFile(home, id)
  if (!existsSync(path)) return done({ was: 'nothing' })
  const state = JSON.parse(readFileSync(path, 'utf8')) as NodeState
  if (state.version === 'v1') return done({ was: 'v1' })
  const down = downgrade(state)
  if (!down.done) {
    refusals.push(...down.losses.map((loss) => `${id}: ${loss}`))
    return { status: 422, body: { losses: down.losses } }
  }
  copyFileSync(path, join(home, 'backups', `${id}.v3.json`))
  writeState(path, down.state)
  return done({ was: 'v3', machines: down.state.machines.length })
}

/**
 * Brings a live v3 node to where v1 can hold all it has: groups agree by Raft, no note has two texts, its machines are with others. What it knew before is
 * exported first, so that a text that gave way to the later one can still be read. A node that does not run has nothing to settle.
 */
async function settle(home: string, node: NodeAddress, nodes: readonly NodeAddress[]): Promise<Reply> {
  const { id, admin } = node
  const answer = await fetch(`${admin}/state`).catch(() => null)
  if (answer === null) return done({ settled: 'it does not run' })
  const text = await answer.text()
  const state = JSON.parse(text) as NodeState
  if (state.version === 'v1') return done({ settled: 'it is v1' })
  writeFileSync(join(home, 'backups', `${basename(id)}.v3-export.json`), text)
  await until(admin, ({ groups }) => Object.values(groups).every(({ algorithm }) => algorithm === 'raft'))
  const several = Object.entries(state.notes).flatMap(([machine, { values }]) => (values.length > 1 ? [machine] : []))
  for (const machine of several) await post(admin, '/notes/resolve', { machine })
  const drained = await empty(node, nodes)
  await until(admin, ({ arriving }) => arriving.length === 0, false)
  return done({ settled: 'yes', resolved: several, ...drained })
}

/**
 * The node gives its machines away, each to where its placement says. What is left then goes to whoever takes it: a peer that starts anew, or is drained
 * too, is no reason for users to wait.
 */
async function empty({ id, admin }: NodeAddress, nodes: readonly NodeAddress[]): Promise<object> {
  const drained = await post(admin, '/drain')
  const others = nodes.filter((each) => each.id !== id)
  for (const to of others) {
    const { items } = (await (await fetch(`${admin}/machines`)).json()) as { readonly items: readonly string[] }
    if (items.length === 0) break
    for (const machine of items) await post(admin, '/migrate', { machine, to: to.id }).catch(() => null)
  }
  return drained
}

/** Healthy, and as wanted; one that is drained is not healthy. Throws after 20 s. */
async function until(admin: string, isSo: (status: Status) => boolean, isHealthy = true): Promise<Status> {
  let last = 'it does not answer'
  for (const end = Date.now() + patienceMs; Date.now() < end; await pause(50)) {
    const health = await fetch(`${admin}/health`).catch(() => null)
    last = (await health?.text()) ?? last
    if (health === null || (isHealthy && !health.ok)) continue
    const status = (await (await fetch(`${admin}/status`)).json()) as Status
    if (isSo(status)) return status
    last = JSON.stringify({ version: status.version, flags: status.flags, groups: status.groups })
  }
  throw new Error(`${admin} is not as it should be: ${last}`)
}

async function post(admin: string, path: string, body: object = {}): Promise<object> {
  const sent = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(patienceMs) }
  const answer = await fetch(`${admin}${path}`, sent)
  if (!answer.ok) throw new Error(`${admin}${path} answered ${answer.status}`)
  return (await answer.json()) as object
}

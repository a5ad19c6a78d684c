/** The load of a whole run: senders at a steady pace on each node, what they saw, and the ledger of what they were promised. */
import { Agent } from 'node:http'
import { isProgram, options, program } from '../stage/program.ts'
import { Client, type Outcome, type Promised } from './client.ts'
import { serve, type Serving } from '../stage/http.ts'

/** What the senders of one node saw. Milliseconds; `lastV2` in milliseconds since 1970, null where v2 never answered. */
export interface NodeReport {
  readonly served: number
  readonly failed: number
  /** Requests that needed more than one try because the node was not there. */
  readonly triedAgain: number
  readonly byV2: number
  readonly lastV2: number | null
  readonly longestMs: number
  readonly latencyMs: { readonly p50: number; readonly p99: number }
}
export interface ClientsReport {
  readonly nodes: { readonly [node: string]: NodeReport }
  /** The latest, for people. */
  readonly faults: readonly string[]
}
export type LedgerReport = { readonly [node: string]: readonly Promised[] }

export interface Wanted {
  readonly node: string
  readonly url: string
  /** Requests a second of all its senders together. */
  readonly rate: number
  readonly senders: number
}

const keptFaults = 20

export async function startClients(port: number, tag: string, wanted: readonly Wanted[]): Promise<Serving> {
  const faults: string[] = []
  const crowds = wanted.map((each) => startCrowd(each, tag, faults))
  const each = <T>(read: (crowd: Crowd) => T) => Object.fromEntries(crowds.map((crowd) => [crowd.node, read(crowd)]))
  const server = await serve(port, {
    'GET /stats': ({ query }) => ({
      status: 200,
      body: { nodes: each((crowd) => crowd.report(Number(query.get('from') ?? 0))), faults } satisfies ClientsReport,
    }),
    'GET /ledger': () => ({ status: 200, body: each((crowd) => crowd.promised()) satisfies LedgerReport }),
    'GET /metrics': () => ({ status: 200, body: pageOf(each((crowd) => crowd.report(0))) }),
    'PUT /stop': async () => {
      for (const crowd of crowds) await crowd.stop()
      return { status: 200, body: { stopped: true } }
    },
  })
  return {
    port: server.port,
    stop: async () => {
      for (const crowd of crowds) await crowd.stop()
      await server.stop()
    },
  }
}

/** The same as Prometheus reads it. */
function pageOf(nodes: ClientsReport['nodes']): string {
  const counter = (name: string, what: string, read: (report: NodeReport) => number) => {
    const lines = Object.entries(nodes).map(([node, report]) => `${name}{node="${node}"} ${read(report)}\n`)
    return `# HELP ${name} ${what}\n# TYPE ${name} counter\n${lines.join('')}`
  }
  return [
    counter('mana_client_requests_total', 'Requests that were answered.', ({ served }) => served),
    counter('mana_client_failed_total', 'Requests without the answer that was promised.', ({ failed }) => failed),
  ].join('')
}

interface Crowd {
  readonly node: string
  promised(): readonly Promised[]
  report(from: number): NodeReport
  /** Resolves when nothing is under way. */
  stop(): Promise<void>
}

interface Seen extends Outcome {
  readonly at: number
}

function startCrowd({ node, url, rate, senders }: Wanted, tag: string, faults: string[]): Crowd {
  const agent = new Agent({ keepAlive: true, maxSockets: senders })
  const clients = Array.from(
    { length: senders },
    (_, index) => new Client(`${tag} ${node} ${index}`, url, agent, index),
  )
  const seen: Seen[] = []
  const flying = new Set<Promise<void>>()
  let turn = 0
  const one = async (client: Client): Promise<void> => {
    const outcome = await client.next()
    seen.push({ ...outcome, at: Date.now() })
    if (outcome.fault === null) return
    faults.push(`${new Date().toISOString()} ${node}: ${outcome.fault}`)
    if (faults.length > keptFaults) faults.shift()
  }
  const nextIdle = (): Client | undefined => {
    for (let tried = 0; tried < clients.length; tried++) {
      const client = clients[turn++ % clients.length]!
      if (!client.busy) return client
    }
    return undefined
  }
  let due = performance.now()
  const timer = setInterval(() => {
    // What the machine held up for a moment is made up for; what a node that restarts did not get is let go.
    due = Math.max(due, performance.now() - 500)
    for (; due <= performance.now(); due += 1_000 / rate) {
      const client = nextIdle()
      if (client === undefined) return
      const flight = one(client).finally(() => flying.delete(flight))
      flying.add(flight)
    }
  }, 5)
  return {
    node,
    promised: () => clients.map((client) => client.promised()),
    report: (from) => reportOf(seen.filter((each) => each.at >= from)),
    stop: async () => {
      clearInterval(timer)
      await Promise.all(flying)
      await Promise.all(clients.map((client) => client.settle()))
      agent.destroy()
    },
  }
}

function reportOf(seen: readonly Seen[]): NodeReport {
  const ms = seen.map((each) => each.ms).toSorted((a, b) => a - b)
  const at = (share: number) => round(ms[Math.min(ms.length - 1, Math.floor(share * ms.length))] ?? 0)
  const byV2 = seen.filter((each) => each.version === 'v2')
  return {
    served: seen.length,
    failed: seen.filter((each) => each.fault !== null).length,
    triedAgain: seen.filter((each) => each.tries > 1).length,
    byV2: byV2.length,
    lastV2: byV2.at(-1)?.at ?? null,
    longestMs: at(1),
    latencyMs: { p50: at(0.5), p99: at(0.99) },
  }
}

const round = (ms: number): number => Math.round(ms * 100) / 100

if (isProgram(import.meta.filename)) {
  const given = options(['port', 'tag', 'nodes'])
  await program('clients', () =>
    startClients(Number(given.port ?? 0), given.tag ?? 'clients', JSON.parse(given.nodes ?? '[]') as readonly Wanted[]),
  )
}

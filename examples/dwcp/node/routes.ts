/** The HTTP endpoints of a node. Each is a question to one of its parts. */
import { randomUUID } from 'node:crypto'
import type { Reply, Routes } from '../../stage/http.ts'
import { NoAgreement } from '../agreement/group.ts'
import { CannotMove } from '../machine/departure.ts'
import type { NodeParts } from './parts.ts'
import { gaugesOf, statusOf } from './report.ts'

const ok = (body: unknown): Reply => ({ status: 200, body })
const refusal = (status: number, reason: string): Reply => ({ status, body: { error: reason } })
type Operation = 'migrate' | 'read' | 'propose' | 'note'

export function routesOf(parts: NodeParts): Routes {
  const counted = async (operation: Operation, run: () => Promise<Reply>): Promise<Reply> => {
    const reply = await run().catch((error: unknown): Reply => {
      if (error instanceof CannotMove && error.isOurs) return refusal(409, error.message)
      return refusal(error instanceof NoAgreement ? 503 : 502, error instanceof Error ? error.message : String(error))
    })
    // Whoever asked the wrong node asks the right one next: that is no failure of the fleet.
    if (reply.status !== 409)
      parts.figures.count('dwcp_operations_total', { operation, outcome: reply.status < 400 ? 'ok' : 'failed' })
    return reply
  }
  return {
    'GET /health': () => {
      const without = parts.agreement.groups.filter((group) => group.leader === null).map((group) => group.id)
      const isOk = without.length === 0 && !parts.isDraining()
      return { status: isOk ? 200 : 503, body: { ok: isOk, withoutLeader: without, draining: parts.isDraining() } }
    },
    'GET /status': () => ok(statusOf(parts)),
    'GET /metrics': () => ok(parts.figures.text(gaugesOf(parts))),
    'GET /events': ({ query }) => {
      const filter = query.get('filter')
      return ok({ items: parts.events().filter((each) => filter === null || each.event === filter) })
    },
    'GET /state': () => ok(parts.state()),
    'GET /machines': ({ path: [id] }) => {
      if (id === undefined) return ok({ items: parts.host.all.map(([each]) => each) })
      const held = parts.host.get(id)
      if (held === undefined) return refusal(404, `machine "${id}" is not here`)
      const { machine, generation, isFrozen } = held
      const { steps, seed, pages } = machine
      return ok({ id, steps, hash: machine.hash(), generation, seed, pages, running: !isFrozen })
    },
    'GET /placements': () =>
      ok({
        items: parts.agreement.groups.flatMap((group) =>
          group.placements.all().map(([machine, each]) => ({ machine, group: group.id, ...each })),
        ),
      }),
    'POST /machines': async ({ body }) => {
      const { id, seed, pages } = body as { id: string; seed: number; pages: number }
      const outcome = await parts.host.create(id, seed, pages)
      return outcome.done ? { status: 201, body: { id } } : refusal(409, outcome.reason)
    },
    'POST /migrate': ({ body }) =>
      counted('migrate', async () => {
        const { machine, to } = body as { machine: string; to?: string }
        return ok(await parts.moves.migrate(machine, to))
      }),
    'POST /read': ({ body }) =>
      counted('read', async () => {
        const { machine, page, owner } = body as { machine: string; page: number; owner: string }
        return ok(await parts.moves.readPage(machine, page, owner))
      }),
    'POST /propose': ({ body }) =>
      counted('propose', async () => {
        const { machine, label } = body as { machine: string; label: string }
        const outcome = await parts.agreement.propose(machine, {
          type: 'label',
          proposal: randomUUID(),
          machine,
          label,
        })
        return outcome.done ? ok(outcome) : refusal(422, outcome.reason)
      }),
    'POST /notes': ({ path, body }) =>
      counted('note', async () => {
        const { machine, note } = body as { machine: string; note: string }
        if (path[0] === 'resolve') parts.notes.resolve(machine)
        else parts.notes.write(machine, note)
        return ok({ texts: parts.notes.values(machine) })
      }),
    'GET /notes': ({ path: [machine = ''] }) => ok({ texts: parts.notes.values(machine) }),
    'POST /drain': async () => ok(await parts.moves.drain()),
  }
}

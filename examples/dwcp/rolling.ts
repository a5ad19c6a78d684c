/** The v3 binaries, node after node: drained, stopped, its state kept, started, healthy; and the same way back, with states taken down. */
import { triggerMetrics } from './gates.ts'
import type { NodeAddress } from './inventory.ts'

const stage = 'Week 1: v3 binaries'
const quick = { pollMs: 50, graceMs: 15_000 }
/** Nodes between two looks at the triggers. */
const wave = 6

/** A PUT of the door: it may be sent twice. */
const call = (id: string, title: string, there: string, back: string) => ({
  id,
  kind: 'http.call',
  title,
  on: 'door',
  spec: { do: { method: 'PUT', path: there }, undo: { method: 'PUT', path: back } },
  stage,
})

const service = (id: string, kind: 'service.stop' | 'service.start', title: string, on: string) => ({
  id,
  kind,
  title,
  on,
  spec: quick,
  stage,
})

function replace({ id }: NodeAddress) {
  const door = `/nodes/${id}`
  return [
    call(`${id}-drain`, `Give the machines of ${id} to others`, `${door}/drain`, `${door}/open`),
    service(`${id}-stop-v1`, 'service.stop', `Stop v1 on ${id}`, `${id}-v1`),
    call(`${id}-state`, `Keep the state of ${id}; on the way back take it down to v1`, `${door}/up`, `${door}/down`),
    service(`${id}-start-v3`, 'service.start', `Start v3 on ${id}, all features off`, `${id}-v3`),
    call(`${id}-join`, `${id} serves as v1 did; on the way back it settles first`, `${door}/join`, `${door}/settle`),
  ]
}

/** After the last node another gate follows, which asks the same and more. */
export function rollingDeployment(nodes: readonly NodeAddress[]) {
  return nodes.flatMap((node, at) => {
    const deployed = at + 1
    return [...replace(node), ...(deployed % wave === 0 && deployed < nodes.length ? [look(deployed)] : [])]
  })
}

const look = (deployed: number) => ({
  id: `deployed-${deployed}`,
  kind: 'gate.metrics',
  title: `Do users notice ${deployed} nodes with v3?`,
  on: 'figures',
  spec: {
    metrics: triggerMetrics({ plainNodes: false, restarts: true, count: 3 }),
    baseline: 'baseline',
    undecidedMs: 60_000,
  },
  stage,
})

/** Whether every machine of a fleet is once, where the log says, with the memory that its program gives. Asks; changes nothing. */
import { expectedHash } from './machine/machine.ts'

export interface Verified {
  readonly machines: number
  /** Nothing where all is well. */
  readonly problems: readonly string[]
}
/** The endpoints of the nodes that run. */
type Nodes = readonly { readonly id: string; readonly url: string }[]

interface Placed {
  readonly machine: string
  readonly owner: string
  readonly generation: number
}
interface Shown {
  readonly seed: number
  readonly pages: number
  readonly steps: number
  readonly hash: string
  readonly running: boolean
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const tries = 40
const atOnce = 4

/** Machines that move meanwhile are asked for again, for up to four seconds each. */
export async function verifyFleet(nodes: Nodes): Promise<Verified> {
  const owners = await placements(nodes)
  const waiting = [...owners.keys()].sort()
  const problems: string[] = []
  const worker = async (): Promise<void> => {
    for (let machine = waiting.shift(); machine !== undefined; machine = waiting.shift()) {
      const problem = await problemOf(machine, nodes)
      if (problem !== null) problems.push(problem)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { machines: owners.size, problems }
}

async function placements(nodes: Nodes): Promise<ReadonlyMap<string, Placed>> {
  const latest = new Map<string, Placed>()
  for (const { url } of nodes)
    for (const each of (await get<{ readonly items: readonly Placed[] }>(`${url}/placements`)).items)
      if ((latest.get(each.machine)?.generation ?? 0) < each.generation) latest.set(each.machine, each)
  return latest
}

async function problemOf(machine: string, nodes: Nodes): Promise<string | null> {
  let problem: string | null = null
  for (let turn = 0; turn < tries; turn++) {
    const found = await Promise.all(
      nodes.map(async ({ id, url }) => ({
        id,
        held: await get<Shown>(`${url}/machines/${machine}`).catch(() => null),
      })),
    )
    const running = found.flatMap(({ id, held }) => (held?.running ? [{ id, held }] : []))
    const [one] = running
    if (one === undefined || running.length !== 1) problem = `machine "${machine}" runs on ${running.length} nodes`
    else if (expectedHash(machine, one.held.seed, one.held.pages, one.held.steps) === one.held.hash) return null
    else return `machine "${machine}" on "${one.id}" has other memory than its program gives in ${one.held.steps} steps`
    await pause(100)
  }
  return problem
}

async function get<T>(url: string): Promise<T> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  return (await answer.json()) as T
}

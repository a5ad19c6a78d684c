/** What the network of a run is like, said to the fault proxy: a far node, and partitions. */
import { placeIn } from './inventory.ts'

/** There and back, by a proxy that delays both ways of each connection: with what the programs need, it is above the 50 ms of the detector. */
const farMs = 70

/** Every way from and to the far node is long, and a little uneven. */
export async function makeFar(proxy: string, nodes: readonly string[]): Promise<void> {
  const placeOf = placeIn(nodes)
  for (const far of nodes.filter((each) => placeOf(each) === 'far'))
    for (const near of nodes.filter((each) => each !== far))
      for (const [from, to] of [
        [far, near],
        [near, far],
      ])
        await send(proxy, 'POST', '/links', { from, to, delayMs: farMs / 2, jitterMs: 2 })
}

/** These hear nothing of all others, until the network is whole again. */
export const partition = (proxy: string, side: readonly string[]): Promise<void> =>
  send(proxy, 'POST', '/partition', { side })

export async function makeWhole(proxy: string, nodes: readonly string[]): Promise<void> {
  await send(proxy, 'DELETE', '/links')
  await makeFar(proxy, nodes)
}

async function send(proxy: string, method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${proxy}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`the fault proxy answered ${answer.status} to ${method} ${path}`)
}

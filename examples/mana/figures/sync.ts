/** The syncs against real peers: an empty node takes a whole chain. Peers are near, then as far as is said. */
import { setTimeout as sleep } from 'node:timers/promises'
import { targets } from '../parts.ts'
import { type Figure, figure, inTurns, medians, type Version } from './figure.ts'
import { startBeside } from './beside.ts'

const peerCount = 4
const perBlock = 20

export async function syncFigures(rounds: number, blocks: number): Promise<readonly Figure[]> {
  const words = ['--blocks', String(blocks), '--per-block', String(perBlock)]
  const peers = await Promise.all(Array.from({ length: peerCount }, () => startBeside('peer', words)))
  const urls = peers.map(({ url }) => url)
  try {
    const near = await distanceFigure('sync-0ms', 0, { rounds, blocks, urls })
    return [near, await distanceFigure('sync-10ms', 10, { rounds, blocks, urls })]
  } finally {
    await Promise.all(peers.map((each) => each.stop()))
  }
}

interface Chain {
  readonly rounds: number
  readonly blocks: number
  readonly urls: readonly string[]
}

async function distanceFigure(
  name: 'sync-0ms' | 'sync-10ms',
  ms: number,
  { rounds, blocks, urls }: Chain,
): Promise<Figure> {
  for (const url of urls) await (await fetch(`${url}/distance/${ms}`, { method: 'PUT' })).arrayBuffer()
  const runs = await inTurns(rounds, (version) => blocksPerSecond(version, blocks, urls))
  const what = `${blocks} blocks of ${perBlock} transactions from ${peerCount} peers that are ${ms} ms away`
  return figure(name, what, 'blocks/s', medians(runs, Number), targets[name])
}

/** From an empty node to the whole chain. */
async function blocksPerSecond(version: Version, blocks: number, urls: readonly string[]): Promise<number> {
  const node = await startBeside('service', ['--peers', urls.join()], { SYNC_SERVICE_VERSION: version })
  try {
    // What is counted begins when the node listens, which is when it begins to sync.
    const listening = performance.now()
    for (;;) {
      const { number } = (await (await fetch(`${node.url}/head`)).json()) as { readonly number: number }
      if (number === blocks - 1) return blocks / ((performance.now() - listening) / 1_000)
      await sleep(5)
    }
  } finally {
    await node.stop()
  }
}

/** Ports for the programs of a system that is put up for a while. Opens none of them. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below what systems give to outgoing connections (from 32768 on Linux): the programs that start first must not take a port of those that start last. */
const [lowest, highest] = [10_000, 32_000]

/** Ports of loopback that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = []
  const from = randomInt(lowest, highest)
  for (let at = 0; at < highest - lowest && found.length < count; at++) {
    const port = lowest + ((from - lowest + at) % (highest - lowest))
    if (await isFree(port)) found.push(port)
  }
  if (found.length < count) throw new Error(`there are no ${count} free ports from ${lowest} to ${highest}`)
  return found
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

/** Ports of loopback for servers that are put up for a while. Opens none of them. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * None that the system gives away by itself (Linux from 32,768, others from 49,152 on): the next connection of anybody could be given it before a
 * server listens there, or while one is restarted. And above 10,080, the last of those that `fetch` refuses.
 */
const [lowest, highest] = [10_081, 32_767]

/** A port that was free a moment ago. Throws where there is none. */
export async function freePort(): Promise<number> {
  return (await freePorts(1))[0]!
}

/** Ports that were free a moment ago, all different, in a row from anywhere. Throws where there are not so many. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = []
  const all = highest - lowest + 1
  const from = randomInt(all)
  for (let at = 0; at < all && found.length < count; at++) {
    const port = lowest + ((from + at) % all)
    if (await isFree(port)) found.push(port)
  }
  if (found.length < count) throw new Error(`there are no ${count} free ports from ${lowest} to ${highest}`)
  return found
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

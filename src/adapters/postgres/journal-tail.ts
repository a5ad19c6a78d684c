/** Follows a run: what is there, and then each event as it comes, woken by NOTIFY and, where none arrives, by the clock. */
import { createHash } from 'node:crypto'
import type { Event } from '../../core/event.ts'
import { connect, destroy, type Link, type LinkOptions } from './links.ts'

export interface TailOptions {
  readonly links: LinkOptions
  readonly read: (run: string, after: number) => Promise<readonly Event[]>
  readonly pollMs: number
}

/** The channel carries a digest: a run may be called what no notification can hold. */
export function runDigest(run: string): string {
  return createHash('sha256').update(run).digest('hex')
}

export async function* tailRun(
  options: TailOptions,
  run: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const bell = openBell(signal)
  let link: Link | undefined
  let last = after
  try {
    // Listening first: an event between the read and the listening would be seen late.
    link = await listen(options.links, runDigest(run), bell.ring)
    while (!signal.aborted) {
      for (const event of await options.read(run, last)) {
        if (signal.aborted) return
        last = event.seq
        yield event
      }
      await bell.wait(options.pollMs)
    }
  } finally {
    bell.close()
    if (link) await link.client.end().catch(() => link && destroy(link))
  }
}

/** Without notifications (a pooler that lets no session live) the clock alone wakes the tail. */
async function listen(links: LinkOptions, digest: string, ring: () => void): Promise<Link | undefined> {
  const link = await connect(links)
  link.client.on('notification', (message) => {
    if (message.payload === digest) ring()
  })
  try {
    await link.client.query('LISTEN changeover_journal')
    return link
  } catch {
    destroy(link)
    return undefined
  }
}

interface Bell {
  readonly ring: () => void
  readonly wait: (ms: number) => Promise<void>
  readonly close: () => void
}

/** Rung while nobody waits, it is heard by the next who does. */
function openBell(signal: AbortSignal): Bell {
  let rung = false
  let wake: (() => void) | undefined
  const ring = (): void => {
    rung = true
    wake?.()
  }
  signal.addEventListener('abort', ring)
  return {
    ring,
    wait: async (ms) => {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      rung = false
      wake = undefined
    },
    close: () => signal.removeEventListener('abort', ring),
  }
}

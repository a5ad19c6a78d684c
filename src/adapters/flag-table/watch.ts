/** Notices of changed flags by LISTEN, and by the clock where none arrives: a pooler, or a connection that was lost. */
import pg from 'pg'

export const channel = 'changeover_flags'

const lookMs = 5_000

/** Resolves once it listens, or knows that it cannot yet. Listens again after a lost connection. */
export async function watchTable(
  config: pg.ClientConfig,
  name: string,
  moved: () => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return
  let link: pg.Client | undefined
  const listen = async (): Promise<void> => {
    const client = new pg.Client(config)
    const lost = (): void => {
      if (link === client) link = undefined
    }
    client.on('error', lost).on('end', lost)
    client.on('notification', ({ payload }) => {
      if (payload === name) moved()
    })
    link = client
    try {
      await client.connect()
      await client.query(`LISTEN ${channel}`)
    } catch {
      lost()
      await client.end().catch(() => undefined)
    }
    if (signal.aborted) await client.end().catch(() => undefined)
  }
  const look = setInterval(() => {
    if (link === undefined) void listen().then(moved)
    else moved()
  }, lookMs).unref()
  const end = (): void => {
    clearInterval(look)
    void link?.end().catch(() => undefined)
  }
  signal.addEventListener('abort', end, { once: true })
  await listen()
}

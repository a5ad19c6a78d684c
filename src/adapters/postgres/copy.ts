/** COPY in and out as streams of bytes, at the pace of the slower side. */
import { once } from 'node:events'
import { from, to } from 'pg-copy-streams'
import type { Link } from './links.ts'

/** Feeds `COPY … FROM STDIN`. When the source fails, the server is told and takes nothing. */
export async function feed(link: Link, text: string, bytes: AsyncIterable<Buffer>): Promise<number> {
  const stream = link.client.query(from(text))
  let refused: Error | undefined
  stream.on('error', (error) => {
    refused = error
  })
  try {
    for await (const chunk of bytes) {
      if (refused) throw refused
      if (!stream.write(chunk)) await once(stream, 'drain')
    }
    if (refused) throw refused
    stream.end()
    await once(stream, 'finish')
    return stream.rowCount
  } catch (error) {
    // The server ended the COPY itself: it waits for nothing. Otherwise it must be told, or it would wait for more bytes.
    if (refused === undefined) {
      const closed = new Promise((resolve) => stream.once('close', resolve))
      stream.destroy(error instanceof Error ? error : new Error(String(error)))
      await closed
    }
    throw error
  }
}

/** The bytes of `COPY … TO STDOUT`. Left before its end, the connection can only be thrown away: `abandon` is called. */
export async function* drain(link: Link, text: string, abandon: () => void): AsyncGenerator<Buffer> {
  const stream = link.client.query(to(text))
  let ended = false
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk
    ended = true
  } catch (error) {
    ended = true
    throw error
  } finally {
    if (!ended) abandon()
  }
}

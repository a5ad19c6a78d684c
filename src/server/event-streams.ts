/** Streams of server-sent events that tell clients to ask again. An event's id is the version of the flags, so that every server understands every id. */
import type { ServerResponse } from 'node:http'
import type { Served } from '../flags/index.ts'

export interface EventStreams {
  /** Begins a stream, with what was missed since `lastId` (the Last-Event-ID of a client that comes back). */
  open(response: ServerResponse, lastId: string | undefined): void
  publish(served: Served): void
  beat(): void
  count(): number
  close(): void
}

/** Events kept for those who come back. */
const kept = 100
/** A client that does not read is let go at so many bytes; it comes back and is told what it missed. */
const mostUnread = 64 * 1024

export function openEventStreams(first: Served): EventStreams {
  const streams = new Set<ServerResponse>()
  let events: readonly Served[] = [first]
  const newest = (): Served => events.at(-1) ?? first
  const send = (response: ServerResponse, text: string): void => {
    if (response.writableLength > mostUnread) response.destroy()
    else response.write(text)
  }
  return {
    open: (response, lastId) => {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // A buffering proxy would keep the events to itself.
        'x-accel-buffering': 'no',
      })
      // An id alone is no event, but the client sends it when it comes back.
      response.write(`retry: 1000\nid: ${newest().version}\n\n`)
      for (const event of missed(events, lastId)) response.write(eventOf(event))
      streams.add(response)
      response.on('close', () => streams.delete(response))
    },
    publish: (served) => {
      events = [...events, served].slice(-kept)
      for (const response of streams) send(response, eventOf(served))
    },
    beat: () => {
      for (const response of streams) send(response, ':\n\n')
    },
    count: () => streams.size,
    close: () => {
      for (const response of streams) response.end()
    },
  }
}

/** What came after the id; the newest where the id is too old, or from before a restart. Without an id, nothing was missed: the client has just asked. */
function missed(events: readonly Served[], lastId: string | undefined): readonly Served[] {
  if (lastId === undefined || lastId === '') return []
  const at = events.findIndex(({ version }) => version === lastId)
  return at < 0 ? events.slice(-1) : events.slice(at + 1)
}

/** `lastModified` in whole seconds since 1970. */
function eventOf({ version, at }: Served): string {
  const data = { type: 'refetchEvaluation', etag: version, lastModified: Math.floor(at / 1000) }
  return `event: message\nid: ${version}\ndata: ${JSON.stringify(data)}\n\n`
}

/** What arrives over the wire, and which part of the node answers. What is not in the tables is refused: v1 has the smaller ones. */
import type { Algorithm } from '../agreement/placements.ts'
import { codecNames, v1Codecs } from '../pages/codecs.ts'
import { hashOf } from '../pages/page.ts'
import type { Arrivals } from '../machine/arrival.ts'
import type { Host } from '../machine/host.ts'
import type { Gossip } from '../sync/gossip.ts'
import type { Hello, Version } from '../wire/features.ts'
import { type Frame, frameTypes } from '../wire/frame.ts'
import type { Answer, FrameHandlers } from '../wire/server.ts'
import { Refused } from '../wire/stream.ts'
import type { Agreement } from './agreement.ts'

export interface Answering {
  readonly version: Version
  readonly host: Host
  readonly arrivals: Arrivals
  readonly agreement: Agreement
  readonly gossip: Gossip
  readonly isClosed: () => boolean
  readonly heard: (from: Hello) => void
}
type Op = (from: Hello, frame: Frame) => object | Promise<object>

export const codecsOf = (version: Version) => (version === 'v1' ? v1Codecs : codecNames)

export function handlersOf(parts: Answering): FrameHandlers {
  const { version, arrivals, agreement, heard } = parts
  const ops = opsOf(parts)
  const ask = async (from: Hello, frame: Frame): Promise<Answer> => {
    heard(from)
    const name = String(frame.head['op'])
    if (name === 'machine.page') return pageAnswer(parts.host, frame)
    const op = ops[name]
    if (op === undefined) throw new Refused('unknown', `"${name}" is not known here`)
    return { head: await op(from, frame) }
  }
  const pages = (from: Hello, { head, body }: Frame): Answer => ({ head: arrivals.pages(from.id, head, body) })
  const signed = async (from: Hello, { head, body }: Frame): Promise<Answer> => ({
    head: await agreement.deliver(from.id, 'pbft' satisfies Algorithm, head, body),
  })
  const v1: [number, (from: Hello, frame: Frame) => Answer | Promise<Answer>][] = [
    [frameTypes.ask, ask],
    [frameTypes.pages, pages],
  ]
  return new Map(version === 'v1' ? v1 : [...v1, [frameTypes.pagesByCodec, pages], [frameTypes.signed, signed]])
}

function opsOf({ version, host, arrivals, agreement, gossip, isClosed }: Answering): Readonly<Record<string, Op>> {
  const v1: Readonly<Record<string, Op>> = {
    ping: () => ({}),
    load: () => ({ machines: host.all.length, closed: isClosed() }),
    'machine.begin': (from, { head }) => arrivals.begin(from.id, head),
    'machine.end': (from, { head }) => arrivals.end(from.id, head),
    'agree.raft': (from, { head, body }) => agreement.deliver(from.id, 'raft', head, body),
    'agree.propose': (_from, { head }) => agreement.proposed(head),
    'agree.placements': (_from, { head }) => agreement.placementsAsked(head),
    'agree.state': (_from, { head }) => agreement.stateAsked(head),
    'sync.table': (from, { head }) => gossip.takeTable(from, head),
  }
  if (version === 'v1') return v1
  return { ...v1, 'sync.difference': (_from, { head }) => gossip.takeDifference(head) }
}

/** One page of a machine that runs here, as it is now. */
function pageAnswer(host: Host, { head }: Frame): Answer {
  const machine = String(head['machine'])
  const held = host.get(machine)
  const index = Number(head['page'])
  if (held === undefined) throw new Refused('not-here', `machine "${machine}" is not here`)
  if (!(index >= 0 && index < held.machine.pages))
    throw new Refused('invalid', `machine "${machine}" has no page ${index}`)
  const page = held.machine.page(index)
  return { head: { hash: hashOf(page).toString('hex') }, body: page }
}

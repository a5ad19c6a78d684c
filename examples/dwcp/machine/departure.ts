/**
 * Moves a machine to another node while it runs: all pages, then those changed meanwhile, round after round; then it stands still for the last.
 * From `machine.end` on only the group knows who owns it: this side never lets it run again without asking.
 */
import type { Link } from '../links/link.ts'
import type { Figures } from '../node/figures.ts'
import type { PageSender, Sent } from '../pages/sender.ts'
import { frameTypes } from '../wire/frame.ts'
import type { Held, Host } from './host.ts'

export interface Moved {
  readonly machine: string
  readonly to: string
  readonly rounds: number
  readonly pages: number
  readonly rawBytes: number
  readonly sentBytes: number
  readonly milliseconds: number
  readonly pauseMilliseconds: number
}
export class CannotMove extends Error {
  /** True where nothing was tried. */
  readonly isOurs: boolean
  constructor(message: string, isOurs = false, cause?: unknown) {
    super(message, { cause })
    this.isOurs = isOurs
  }
}

/** So few changed pages are worth a stop; after so many rounds it stops anyway. */
const few = 6
const most = 5

export async function depart(host: Host, id: string, link: Link, sender: PageSender, figures: Figures): Promise<Moved> {
  const held = host.get(id)
  if (held === undefined) throw new CannotMove(`machine "${id}" is not here`, true)
  if (held.isFrozen || moving.has(held)) throw new CannotMove(`machine "${id}" is on its way already`, true)
  if (link.id === host.me) throw new CannotMove(`machine "${id}" is there already`, true)
  moving.add(held)
  const began = performance.now()
  try {
    const copied = await preCopy(held, link, sender)
    const stopped = performance.now()
    const last = await stopAndCopy(host, held, link, sender, copied)
    const ended = performance.now()
    figures.observe('dwcp_migration_seconds', (ended - began) / 1_000)
    figures.observe('dwcp_migration_pause_seconds', (ended - stopped) / 1_000)
    const all = [...copied.sent, last]
    const total = (of: (each: Sent) => number) => all.reduce((sum, each) => sum + of(each), 0)
    return {
      machine: id,
      to: link.id,
      rounds: copied.rounds + 1,
      pages: total((each) => each.pages),
      rawBytes: total((each) => each.rawBytes),
      sentBytes: total((each) => each.sentBytes),
      milliseconds: ended - began,
      pauseMilliseconds: ended - stopped,
    }
  } finally {
    moving.delete(held)
  }
}
const moving = new WeakSet<Held>()

async function preCopy({ machine, generation }: Held, link: Link, sender: PageSender) {
  const start = { op: 'machine.begin', machine: machine.id, generation, seed: machine.seed, pages: machine.pages }
  const { head } = await link.ask(frameTypes.ask, start)
  const baselines = head['baselines'] as Readonly<Record<string, string>>
  const known = new Map(Object.entries(baselines).map(([index, hash]) => [Number(index), hash]))
  machine.takeDirty()
  const sent = [await sender.send(link, machine, [...Array(machine.pages).keys()], known)]
  let dirty = machine.takeDirty()
  let rounds = 1
  for (; rounds < most && dirty.length > few; rounds++) {
    sent.push(await sender.send(link, machine, dirty, known))
    dirty = machine.takeDirty()
  }
  return { sent, rounds, known, dirty }
}

async function stopAndCopy(
  host: Host,
  held: Held,
  link: Link,
  sender: PageSender,
  { known, dirty }: { readonly known: Map<number, string>; readonly dirty: readonly number[] },
): Promise<Sent> {
  const { machine, generation } = held
  held.isFrozen = true
  let isSealed = false
  try {
    const last = [...new Set([...dirty, ...machine.takeDirty()])]
    const sent = await sender.send(link, machine, last, known)
    isSealed = true
    const end = { op: 'machine.end', machine: machine.id, generation, hash: machine.hash() }
    await link.ask(frameTypes.ask, end)
    host.release(machine.id)
    return sent
  } catch (error) {
    if (!isSealed) held.isFrozen = false
    else if ((await Promise.race([host.settle(held), soon()])) === 'gone')
      throw new CannotMove(`the answer of "${link.id}" was lost; the machine is there`, false, error)
    throw new CannotMove(error instanceof Error ? error.message : String(error), false, error)
  }
}

/** Whoever asked for the migration hears of it in time; the settling goes on. */
const soon = () => new Promise<'unknown'>((resolve) => setTimeout(() => resolve('unknown'), 3_000).unref())

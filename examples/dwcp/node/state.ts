/** The state of a node as it is written down, in the shape of each version; and the way down from v3 to v1, which refuses rather than lose. */
import type { GroupState } from '../agreement/recall.ts'
import type { Image } from '../machine/host.ts'
import { decodePage, encodePage } from '../pages/codecs.ts'
import { hashOf, pageSize } from '../pages/page.ts'
import { lastOf, type Register, type Row } from '../sync/notes.ts'

interface WrittenMachine {
  readonly id: string
  readonly generation: number
  readonly hash: string
}
/** v1 knows whole memories only. */
export interface MachineV1 extends WrittenMachine {
  readonly memory: string
}
/** v3 writes each page by zstd where that makes it shorter. */
export interface MachineV3 extends WrittenMachine {
  readonly pages: readonly { readonly codec: 'raw' | 'zstd'; readonly bytes: string }[]
}
interface Common {
  readonly node: string
  readonly groups: Readonly<Record<string, GroupState>>
}
export interface StateV1 extends Common {
  readonly version: 'v1'
  readonly machines: readonly MachineV1[]
  readonly notes: readonly Row[]
}
export interface StateV3 extends Common {
  readonly version: 'v3'
  readonly machines: readonly MachineV3[]
  readonly notes: Readonly<Record<string, Register>>
  /** Machines that were on their way here. */
  readonly arriving: readonly string[]
  /** Groups that were between two views. */
  readonly changingView: readonly string[]
}
export type NodeState = StateV1 | StateV3

export function writeMachine(version: 'v1', image: Image): MachineV1
export function writeMachine(version: 'v3', image: Image): MachineV3
export function writeMachine(version: 'v1' | 'v3', { id, generation, memory }: Image): MachineV1 | MachineV3 {
  const written = { id, generation, hash: hashOf(memory).toString('hex') }
  if (version === 'v1') return { ...written, memory: memory.toString('base64') }
  const pages = Array.from({ length: memory.length / pageSize }, (_, at) => {
    const page = memory.subarray(at * pageSize, (at + 1) * pageSize)
    const encoded = encodePage('zstd', page)
    return encoded === undefined
      ? { codec: 'raw' as const, bytes: page.toString('base64') }
      : { codec: 'zstd' as const, bytes: Buffer.from(encoded).toString('base64') }
  })
  return { ...written, pages }
}

/** Throws RangeError where the bytes are not those that were written. */
export function readMachine(written: MachineV1 | MachineV3): Image {
  const memory =
    'memory' in written
      ? Buffer.from(written.memory, 'base64')
      : Buffer.concat(written.pages.map(({ codec, bytes }) => decodePage(codec, Buffer.from(bytes, 'base64'))))
  if (hashOf(memory).toString('hex') !== written.hash)
    throw new RangeError(`the memory of machine "${written.id}" is not what was written`)
  return { id: written.id, generation: written.generation, memory }
}

export type Downgraded =
  { readonly done: true; readonly state: StateV1 } | { readonly done: false; readonly losses: readonly string[] }

/** The v1 state that means the same, or all that v1 could not hold. Pure. */
export function downgrade(state: StateV3): Downgraded {
  const losses = [...lossesOf(state)]
  const machines: MachineV1[] = []
  for (const written of state.machines) {
    try {
      machines.push(writeMachine('v1', readMachine(written)))
    } catch (error) {
      losses.push(error instanceof Error ? error.message : String(error))
    }
  }
  if (losses.length > 0) return { done: false, losses }
  const notes = Object.entries(state.notes).flatMap(([key, { values }]): readonly Row[] => {
    const last = lastOf(values)
    return last === undefined ? [] : [{ key, ...last }]
  })
  return { done: true, state: { version: 'v1', node: state.node, groups: state.groups, machines, notes } }
}

function* lossesOf({ notes, groups, arriving, changingView }: StateV3): Iterable<string> {
  for (const [key, { values }] of Object.entries(notes))
    if (values.length > 1)
      yield `the note of "${key}" has ${values.length} texts that were written at once: resolve it first`
  for (const [id, { state }] of Object.entries(groups))
    if (state.algorithm === 'pbft')
      yield `group "${id}" agrees by PBFT in epoch ${state.epoch}: take it back to Raft first`
  for (const id of changingView) yield `group "${id}" is between two views`
  for (const machine of arriving) yield `machine "${machine}" is on its way here: let it arrive first`
}

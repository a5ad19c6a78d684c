/** A peer as those see it who move pages: its mode, its features, its streams, its rate. */
import type { Feature } from '../wire/features.ts'
import type { Frame } from '../wire/frame.ts'
import type { Mode } from './mode.ts'
import type { Throughput } from './throughput.ts'

export interface Link {
  readonly id: string
  readonly throughput: Throughput
  mode(): Mode
  has(feature: Feature): boolean
  /** How many to use now: 1 unless the peer is far and both sides may use several. */
  streams(): number
  ask(type: number, head: object, body?: Uint8Array, stream?: number): Promise<Frame>
}

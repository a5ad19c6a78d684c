/** A peer's mode follows its distance, not its moods; and a link's rate is what it has acknowledged. */
import { describe, expect, it } from 'vitest'
import { ModeDetector } from './mode.ts'
import { Throughput } from './throughput.ts'

const settings = { latencyMs: 50, jitterMs: 25, samples: 3 }
const changes = (detector: ModeDetector, trips: readonly number[]): number =>
  trips.filter((trip) => detector.heard(trip, settings)).length
const many = (trip: number, count = 12): readonly number[] => Array.from({ length: count }, () => trip)

describe('the detector of modes', () => {
  it('changes once when a peer goes far, and once when it is back', () => {
    const detector = new ModeDetector()
    expect([changes(detector, many(2)), changes(detector, many(120)), detector.mode]).toEqual([0, 1, 'internet'])
    expect([changes(detector, many(2)), detector.mode]).toEqual([1, 'datacenter'])
  })

  it('stays where it is at the edge of a threshold', () => {
    const detector = new ModeDetector()
    const edge = Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? 48 : 55))
    expect([changes(detector, edge), detector.mode]).toEqual([0, 'datacenter'])
    changes(detector, many(120))
    expect([changes(detector, edge), detector.mode]).toEqual([0, 'internet'])
  })

  it('does not take a busy processor for a distance, and takes a restless way for one', () => {
    const detector = new ModeDetector()
    expect(
      changes(
        detector,
        Array.from({ length: 100 }, (_, at) => (at % 4 === 3 ? 300 : 2)),
      ),
    ).toBe(0)
    changes(
      detector,
      Array.from({ length: 12 }, (_, at) => (at % 2 === 0 ? 5 : 45)),
    )
    expect(detector.mode).toBe('internet')
  })
})

it('takes the best rate of late for the rate, and twice what the link holds for the window', () => {
  const throughput = new Throughput()
  expect([throughput.bytesPerMicro, throughput.window]).toEqual([100, 0])
  throughput.acknowledged(100, 50)
  throughput.acknowledged(100_000, 1_000)
  throughput.acknowledged(100_000, 2_000)
  expect([throughput.bytesPerMicro, throughput.window]).toEqual([100, 10_000])
  for (let turn = 0; turn < 12; turn++) throughput.acknowledged(100_000, 10_000)
  expect(throughput.bytesPerMicro).toBe(10)
})

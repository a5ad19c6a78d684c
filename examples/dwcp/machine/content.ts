/** What fills a machine's memory at first: zero, text, code, records and noise, drawn from a seed. The same seed gives the same bytes anywhere. */
import { pageSize } from '../pages/page.ts'

/** xorshift32: small, fast, and all of its state is one number, so that it can live in a machine's memory. */
export function nextRandom(state: number): number {
  let next = state === 0 ? 0x9e3779b9 : state
  next ^= next << 13
  next ^= next >>> 17
  next ^= next << 5
  return next >>> 0
}

const words =
  'request served from cache in ms error timeout connection user session token page fault kernel disk read write the of and to queue worker started finished retry batch commit vote'.split(
    ' ',
  )
/** Opening bytes of x86-64 instructions as compilers write them; their operands are drawn. */
const instructions = ['488b45', '4889e5', 'e8', '85c0', '0f84', '488d3d', 'c3', '55', '4883ec20', '89c7', 'b800000000']

type Fill = (page: Buffer, draw: (below: number) => number) => void

const text: Fill = (page, draw) => {
  for (let at = 0; at < pageSize;) {
    const line = `2026-11-21T09:${10 + draw(50)}:${10 + draw(50)} ${Array.from({ length: 5 + draw(5) }, () => words[draw(words.length)]).join(' ')} ${draw(10_000)}\n`
    at += page.write(line, at, 'latin1')
    if (pageSize - at < line.length) page.fill(32, at, (at = pageSize))
  }
}
const code: Fill = (page, draw) => {
  for (let at = 0; at < pageSize;) {
    at += page.write(instructions[draw(instructions.length)] ?? 'c3', at, 'hex')
    for (let operand = draw(4); operand > 0 && at < pageSize; operand--) page[at++] = draw(3) === 0 ? 0xff : draw(64)
  }
}
const records: Fill = (page, draw) => {
  for (let at = 0; at + 32 <= pageSize; at += 32) {
    page.writeUInt32LE(0x7f3a_0000 + draw(4_096) * 16, at)
    page.writeUInt16LE(0x7ffd, at + 4)
    page.writeUInt32LE(draw(200), at + 8)
    page.writeUInt8(draw(4), at + 16)
  }
}
const noise: Fill = (page, draw) => {
  for (let at = 0; at < pageSize; at += 2) page.writeUInt16LE(draw(65_536), at)
}
const zero: Fill = () => undefined

/** The mix of twenty pages: a quarter empty, a tenth incompressible (pages of files that are compressed or encrypted already). */
const mix: readonly Fill[] = [
  ...Array.from({ length: 5 }, () => zero),
  ...Array.from({ length: 5 }, () => text),
  ...Array.from({ length: 4 }, () => code),
  ...Array.from({ length: 4 }, () => records),
  ...Array.from({ length: 2 }, () => noise),
]

export function fillMemory(memory: Buffer, seed: number): void {
  let state = nextRandom(seed)
  const draw = (below: number) => (state = nextRandom(state)) % below
  for (let at = 0; at < memory.length; at += pageSize)
    (mix[draw(mix.length)] ?? zero)(memory.subarray(at, at + pageSize), draw)
}

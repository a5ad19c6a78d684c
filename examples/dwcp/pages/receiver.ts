/** Takes pages for machines that are on their way here: verified one by one, kept to compare the next with. */
import type { Baselines } from './baselines.ts'
import { type Codec } from './codecs.ts'
import { pageSize } from './page.ts'
import { pageOf, readRecords, type Refusal } from './records.ts'

export interface Taken {
  readonly refused: readonly Refusal[]
  /** Mean microseconds to decode and verify a page, by codec. */
  readonly micros: Readonly<Partial<Record<Codec, number>>>
}

export function takePages(
  machine: string,
  memory: Buffer,
  body: Buffer,
  baselines: Baselines,
  known: readonly Codec[],
): Taken {
  const refused: Refusal[] = []
  const spent = new Map<Codec, { micros: number; pages: number }>()
  for (const record of readRecords(body, known)) {
    const began = performance.now()
    if ((record.index + 1) * pageSize > memory.length)
      throw new RangeError(`machine "${machine}" has no page ${record.index}`)
    const page = pageOf(record, baselines.get(machine, record.index))
    if (typeof page === 'string') {
      refused.push([record.index, page])
      continue
    }
    page.copy(memory, record.index * pageSize)
    baselines.set(machine, record.index, page, record.hash)
    const each = spent.get(record.codec) ?? { micros: 0, pages: 0 }
    spent.set(record.codec, { micros: each.micros + (performance.now() - began) * 1_000, pages: each.pages + 1 })
  }
  const micros = Object.fromEntries([...spent].map(([codec, each]) => [codec, each.micros / each.pages]))
  return { refused, micros }
}

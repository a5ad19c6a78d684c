/** What is broken in a node on purpose, and how. */
import { pageSize } from '../pages/page.ts'

/** Faults that a v3 node can be given to show that they are caught. Each is behind a flag: with the flag off there is nothing wrong. */
export const faults = ['slow-detector', 'flapping', 'corrupt-encoder', 'leak'] as const
export type Fault = (typeof faults)[number]

export interface Encoding {
  (encoded: Uint8Array): Uint8Array
}

const slowProbeMs = 40

/** What is waited for before each batch of pages, in milliseconds. */
export function faultyDelay(fault: Fault | null, hasHybridMode: () => boolean): () => number {
  return () => (fault === 'slow-detector' && hasHybridMode() ? slowProbeMs : 0)
}

/** What happens to encoded pages on their way out. */
export function faultyEncoding(fault: Fault | null): Encoding {
  if (fault === 'corrupt-encoder') return corrupting()
  if (fault === 'leak') return leaking()
  return (encoded) => encoded
}

function corrupting(): Encoding {
  let turn = 0
  return (encoded) => {
    if (++turn % 8 !== 0 || encoded.length === 0) return encoded
    const wrong = Uint8Array.from(encoded)
    wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 0x55
    return wrong
  }
}

function leaking(): Encoding {
  const kept: Buffer[] = []
  return (encoded) => {
    // As much as the page as it was and as it is, as a cache that nobody empties. Written to, or no memory would be taken for it.
    kept.push(Buffer.alloc(2 * pageSize, 1))
    return encoded
  }
}

export function readFault(text: string | undefined): Fault | null {
  if (text === undefined) return null
  const found = faults.find((each) => each === text)
  if (found === undefined) throw new RangeError(`there is no fault "${text}": ${faults.join(', ')}`)
  return found
}

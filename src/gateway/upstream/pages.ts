/**
 * Memory for what upstreams say. Node takes 64 KiB of new memory for every read, and the collector runs for that alone once large bodies pass (a full collection for every
 * 2,000 answers of 64 KiB, measured). Here all sockets read into one page, and what has to last is copied: small things into memory of their own, large ones into pages that come back.
 */

const pageBytes = 65_536
/** Below this, memory of their own costs the collector less than the callback that brings a page back. */
const small = 16_384
/** So many that nobody uses are kept: 4 MiB. */
const mostFree = 64

/** What every socket reads into: a read and what is done with it are one turn of the loop. */
export const readPage = Buffer.allocUnsafeSlow(pageBytes)

/** Bytes that last. After `done` the memory has other bytes; who never calls it keeps them. */
export interface Lasting {
  readonly bytes: Buffer
  readonly done: (() => void) | undefined
}

const free: Buffer[] = []

export function lasting(bytes: Buffer): Lasting {
  if (bytes.length < small || bytes.length > pageBytes) return { bytes: Buffer.from(bytes), done: undefined }
  let page: Buffer | undefined = free.pop() ?? Buffer.allocUnsafeSlow(pageBytes)
  bytes.copy(page)
  const done = (): void => {
    if (page !== undefined && free.length < mostFree) free.push(page)
    page = undefined
  }
  return { bytes: page.subarray(0, bytes.length), done }
}

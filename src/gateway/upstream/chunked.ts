/** Takes chunked transfer coding off as bytes come in (RFC 9112, 7.1). Strict: whatever is not exactly the grammar ends the connection. */

/** Where it is between two pieces. */
type Part = 'size' | 'data' | 'data-end' | 'trailers' | 'end'

const longestLine = 4096
const longestTrailers = 16_384

export interface Unchunked {
  /** Feeds bytes; the number of those used. Once `done`, the rest is not of this message. Throws for what is no chunked coding. */
  take(bytes: Buffer, data: (bytes: Buffer) => void): number
  readonly done: boolean
  /** Names and values by turns, once it is done. */
  readonly trailers: readonly string[]
}

export function createUnchunked(): Unchunked {
  let part: Part = 'size'
  let left = 0
  let line = ''
  const trailers: string[] = []
  let trailerBytes = 0
  const lineEnds = (): void => {
    if (part === 'size') {
      const match = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/.exec(line)
      if (match === null) throw new Error('a chunk of its answer has no size')
      left = Number.parseInt(match[1]!, 16)
      part = left === 0 ? 'trailers' : 'data'
    } else if (part === 'data-end') {
      if (line !== '') throw new Error('a chunk of its answer is longer than it says')
      part = 'size'
    } else if (line === '') {
      part = 'end'
    } else {
      trailerBytes += line.length
      const colon = line.indexOf(':')
      if (colon <= 0 || trailerBytes > longestTrailers) throw new Error('a trailer of its answer is not one')
      trailers.push(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    line = ''
  }
  return {
    take: (bytes, data) => {
      let at = 0
      while (at < bytes.length && part !== 'end') {
        if (part === 'data') {
          const piece = bytes.subarray(at, at + left)
          at += piece.length
          left -= piece.length
          if (left === 0) part = 'data-end'
          data(piece)
          continue
        }
        const stop = bytes.indexOf(10, at)
        line += bytes.toString('latin1', at, stop < 0 ? bytes.length : stop)
        if (line.length > longestLine) throw new Error('a line of its answer is too long')
        if (stop < 0) return bytes.length
        at = stop + 1
        if (!line.endsWith('\r')) throw new Error('a line of its answer does not end as HTTP lines do')
        line = line.slice(0, -1)
        if (line.includes('\r')) throw new Error('a line of its answer holds a bare carriage return')
        lineEnds()
      }
      return at
    },
    get done() {
      return part === 'end'
    },
    trailers,
  }
}

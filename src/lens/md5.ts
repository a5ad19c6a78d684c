/** MD5 (RFC 1321) of a text in UTF-8, as hexadecimal digits, as PostgreSQL's md5() answers. For names, never for secrets. */

const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const sines = Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0)
const encoder = new TextEncoder()

export function md5(text: string): string {
  const bytes = encoder.encode(text)
  const length = (((bytes.length + 8) >> 6) + 1) << 6
  const padded = new DataView(new ArrayBuffer(length))
  for (let i = 0; i < bytes.length; i++) padded.setUint8(i, bytes[i]!)
  padded.setUint8(bytes.length, 0x80)
  padded.setUint32(length - 8, (bytes.length << 3) >>> 0, true)
  padded.setUint32(length - 4, Math.floor(bytes.length / 2 ** 29), true)
  let state: State = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476]
  for (let at = 0; at < length; at += 64) state = mix(state, padded, at)
  return state.map(littleHex).join('')
}

type State = [number, number, number, number]

function mix(state: State, block: DataView, at: number): State {
  let [a, b, c, d] = state
  for (let i = 0; i < 64; i++) {
    const round = i >> 4
    const [f, word] =
      round === 0
        ? [(b & c) | (~b & d), i]
        : round === 1
          ? [(d & b) | (~d & c), 5 * i + 1]
          : round === 2
            ? [b ^ c ^ d, 3 * i + 5]
            : [c ^ (b | ~d), 7 * i]
    const sum = (a + f + sines[i]! + block.getInt32(at + (word & 15) * 4, true)) | 0
    const shift = shifts[(round << 2) | (i & 3)]!
    ;[a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0]
  }
  return [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0]
}

function littleHex(word: number): string {
  let text = ''
  for (let byte = 0; byte < 4; byte++) text += ((word >>> (byte * 8)) & 255).toString(16).padStart(2, '0')
  return text
}

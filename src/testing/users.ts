/** Users and their buckets for tests of a sticky split, and a connection that asks for many of them. The bucket is made from its definition, not from ours. */
import { connect } from 'node:net'

/** A third of them are not ASCII. */
export function userNumber(index: number): string {
  const kind = index % 9
  if (kind === 0) return `użytkownik-${index}`
  if (kind === 3) return `Пользователь ${index}`
  if (kind === 6) return `用户🙂${index}`
  return `user-${index.toString(36)}-${'x'.repeat(index % 7)}`
}

/** An implementation of its own, from the definition: floor(murmur3_x86_32(bytes) * 10000 / 2^32). */
export function bucketOf(flag: string, user: string): number {
  const bytes = Buffer.from(flag + user)
  const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by))
  const mixed = (k: number) => Math.imul(rotate(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593)
  const blocks = bytes.length - (bytes.length % 4)
  let h = 0
  for (let at = 0; at < blocks; at += 4)
    h = (Math.imul(rotate(h ^ mixed(bytes.readInt32LE(at)), 13), 5) + 0xe6546b64) | 0
  let rest = 0
  for (let at = bytes.length - 1; at >= blocks; at--) rest = (rest << 8) | bytes[at]!
  if (blocks < bytes.length) h ^= mixed(rest)
  h ^= bytes.length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return Math.floor((((h ^ (h >>> 16)) >>> 0) * 10_000) / 2 ** 32)
}

/** One connection, requests behind each other; the raw bytes of a user as a browser would never send them, and a cookie may. */
export function pipelined(url: string, users: readonly string[]): Promise<readonly { side: string; bucket: string }[]> {
  const { port } = new URL(url)
  return new Promise((resolve, reject) => {
    const found: { side: string; bucket: string }[] = []
    let text = ''
    const socket = connect(Number(port), '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', (part: string) => {
      text += part
      for (let end = text.indexOf('ok\n'); end >= 0; end = text.indexOf('ok\n')) {
        const head = text.slice(0, end)
        text = text.slice(end + 3)
        const header = (name: string) => new RegExp(`^${name}: (.*)\r$`, 'm').exec(head)?.[1] ?? ''
        found.push({ side: header('x-side'), bucket: header('x-bucket') })
      }
      if (found.length < users.length) return
      socket.destroy()
      resolve(found)
    })
    for (const user of users) socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx-user-id: ${user}\r\n\r\n`, 'utf8')
  })
}

/** Private keys: told by the name of a file, or by PEM text anywhere in its bytes. Reads a file in pieces and keeps none of it. */

const names = /\.(key|p12|pfx|jks|jceks|keystore|pk8|ppk|pkcs12)$|(^|\/)id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/i
const pem = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----/
/** The longest PEM heading there is, "-----BEGIN PGP PRIVATE KEY BLOCK-----" and kin, is shorter: a heading over an edge of pieces is seen. */
const overlap = 80

/** Why the name of a file says that it holds a private key, or undefined. */
export function namedAsKey(path: string): string | undefined {
  const match = names.exec(path)
  return match === null ? undefined : `a file named "${match[0].replace(/^\//, '')}" holds a private key`
}

/** Thrown by `withoutKeys` in the middle of a file. */
export class PrivateKeyFound extends Error {}

/** The same bytes; ends with `PrivateKeyFound` when they hold a private key as PEM, also behind a certificate in a combined file. */
export async function* withoutKeys(bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let tail = ''
  for await (const piece of bytes) {
    const text = tail + piece.toString('latin1')
    if (pem.test(text)) throw new PrivateKeyFound('the file holds a private key')
    tail = text.slice(-overlap)
    yield piece
  }
}

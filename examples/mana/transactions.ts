/** Signed transfers: Ed25519 over the fields, an address from the public key. Knows neither pool nor block. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

export interface SignedTransaction {
  readonly from: string
  readonly to: string
  readonly nonce: number
  readonly amount: number
  readonly fee: number
  /** Hex of the 32 bytes; the address is the last 20 bytes of its SHA-256. */
  readonly publicKey: string
  readonly signature: string
}

export interface Signer {
  readonly address: string
  transfer(to: string, nonce: number, amount: number, fee: number): SignedTransaction
}

// What stands before the 32 bytes of an Ed25519 key in DER (RFC 8410).
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** The same signer for the same name, on every machine. For an example only: the key is no secret. */
export function signerOf(name: string): Signer {
  const seed = createHash('sha256').update(`mana example ${name}`).digest()
  const key = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .subarray(publicPrefix.length)
    .toString('hex')
  const address = addressOf(publicKey)
  return {
    address,
    transfer: (to, nonce, amount, fee) => {
      const signature = sign(null, signedBytes({ from: address, to, nonce, amount, fee }), key).toString('hex')
      return { from: address, to, nonce, amount, fee, publicKey, signature }
    },
  }
}

export function addressOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'hex')).digest('hex').slice(-40)
}

export function hashOf(transaction: SignedTransaction): string {
  return createHash('sha256').update(signedBytes(transaction)).update(transaction.signature).digest('hex')
}

/** One text for a set of transactions, whatever their order. */
export function digestOf(hashes: readonly string[]): string {
  return createHash('sha256')
    .update([...hashes].sort().join('\n'))
    .digest('hex')
}

type Fields = Pick<SignedTransaction, 'from' | 'to' | 'nonce' | 'amount' | 'fee'>
function signedBytes({ from, to, nonce, amount, fee }: Fields): Buffer {
  return Buffer.from(`${from}|${to}|${nonce}|${amount}|${fee}`)
}

export function keyOf(publicKey: string): KeyObject {
  return createPublicKey({
    key: Buffer.concat([publicPrefix, Buffer.from(publicKey, 'hex')]),
    format: 'der',
    type: 'spki',
  })
}

/** Checks the signature in the caller's turn. */
export function isSigned(transaction: SignedTransaction, key = keyOf(transaction.publicKey)): boolean {
  return verify(null, signedBytes(transaction), key, Buffer.from(transaction.signature, 'hex'))
}

/** Checks the signature in Node's pool of threads. */
export function isSignedLater(transaction: SignedTransaction, key = keyOf(transaction.publicKey)): Promise<boolean> {
  return new Promise((resolve, reject) =>
    verify(null, signedBytes(transaction), key, Buffer.from(transaction.signature, 'hex'), (error, good) =>
      error ? reject(error) : resolve(good),
    ),
  )
}

const hex = (length: number) => new RegExp(`^[0-9a-f]{${length}}$`)
const [address, key, signature] = [hex(40), hex(64), hex(128)]
const whole = (value: unknown, least: number) => Number.isSafeInteger(value) && (value as number) >= least

/** True where every field has its shape; says nothing of signature and balance. */
export function isTransaction(value: unknown): value is SignedTransaction {
  if (typeof value !== 'object' || value === null) return false
  const it = value as Partial<Record<keyof SignedTransaction, unknown>>
  const text = (field: unknown, shape: RegExp) => typeof field === 'string' && shape.test(field)
  return (
    text(it.from, address) &&
    text(it.to, address) &&
    text(it.publicKey, key) &&
    text(it.signature, signature) &&
    whole(it.nonce, 0) &&
    whole(it.amount, 1) &&
    whole(it.fee, 1)
  )
}

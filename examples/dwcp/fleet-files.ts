/** What a new fleet needs in files, whoever puts it up: names, groups, keys. Starts nothing. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'

/** `n01`, `n02` … */
export const nodeNames = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `n${String(at + 1).padStart(2, '0')}`)

/** `g1`, `g2` … of `size` each, in order; the last one takes what is over. */
export function groupsOf(ids: readonly string[], size: number): Readonly<Record<string, readonly string[]>> {
  const last = Math.max(1, Math.floor(ids.length / size)) - 1
  const groups = Array.from({ length: last + 1 }, (_, group) => [
    `g${group + 1}`,
    ids.filter((_id, at) => Math.min(last, Math.floor(at / size)) === group),
  ])
  return Object.fromEntries(groups) as Readonly<Record<string, readonly string[]>>
}

/** A new key in a file that only its owner reads. Gives the public half as the fleet file has it. */
export function writeKey(path: string): string {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
}

/** Blocks linked by hash, with their transactions. Knows no peer. */
import { createHash } from 'node:crypto'
import { hashOf, type SignedTransaction, signerOf } from './transactions.ts'

export interface Block {
  readonly number: number
  readonly parentHash: string
  readonly transactionsRoot: string
  readonly hash: string
  readonly transactions: readonly SignedTransaction[]
}

export const noParent = '0'.repeat(64)

export function makeBlock(number: number, parentHash: string, transactions: readonly SignedTransaction[]): Block {
  const transactionsRoot = rootOf(transactions)
  return { number, parentHash, transactionsRoot, hash: headerHash(number, parentHash, transactionsRoot), transactions }
}

/** What is wrong with a block as the child of another, apart from signatures; null where nothing is. */
export function faultOf(block: Block, parent: Block | null): string | null {
  if (block.number !== (parent?.number ?? -1) + 1)
    return `block ${block.number} does not follow ${parent?.number ?? 'nothing'}`
  if (block.parentHash !== (parent?.hash ?? noParent)) return `block ${block.number} has another parent`
  return bodyFault(block)
}

/** What a block itself shows: its root and hash are those of its content. */
export function bodyFault(block: Block): string | null {
  if (block.transactionsRoot !== rootOf(block.transactions))
    return `block ${block.number} holds other transactions than it says`
  if (block.hash !== headerHash(block.number, block.parentHash, block.transactionsRoot))
    return `block ${block.number} has a wrong hash`
  return null
}

function headerHash(number: number, parentHash: string, root: string): string {
  return createHash('sha256').update(`${number}|${parentHash}|${root}`).digest('hex')
}

/** Merkle root: pairs are hashed together, an odd one with itself. */
function rootOf(transactions: readonly SignedTransaction[]): string {
  let level = transactions.map(hashOf)
  if (level.length === 0) return noParent
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) =>
      createHash('sha256')
        .update(level[2 * i]!)
        .update(level[2 * i + 1] ?? level[2 * i]!)
        .digest('hex'),
    )
  }
  return level[0]!
}

/** The chain that all peers of the example have: the same for the same numbers. */
export function makeChain(blocks: number, perBlock: number): readonly Block[] {
  const signers = Array.from({ length: 50 }, (_, i) => signerOf(`chain ${i}`))
  const nonces = signers.map(() => 0)
  const chain: Block[] = []
  let turn = 0
  for (let number = 0; number < blocks; number++) {
    const transactions = Array.from({ length: perBlock }, () => {
      const at = turn++ % signers.length
      return signers[at]!.transfer(signers[(at + 1) % signers.length]!.address, nonces[at]!++, 1 + (turn % 9), 1)
    })
    chain.push(makeBlock(number, chain.at(-1)?.hash ?? noParent, transactions))
  }
  return chain
}

/** The pools alone, in this process: how many transactions a second, and what a full one needs on the heap. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Ledger } from '../ledger.ts'
import { targets } from '../parts.ts'
import { type TransactionPool, usualLimits } from '../pool/pool.ts'
import { PoolV1 } from '../pool/v1.ts'
import { PoolV2 } from '../pool/v2.ts'
import { hashOf, type SignedTransaction, signerOf } from '../transactions.ts'
import { type Figure, figure, inTurns, medians, type Version } from './figure.ts'

const senders = 400
/** So many come before those that are counted: they are for the compiler. */
const warm = 3_000

function poolOf(version: Version, ledger: Ledger): TransactionPool {
  const accountOf = (address: string) => ledger.account(address)
  return version === 'v1' ? new PoolV1(accountOf, usualLimits) : new PoolV2(accountOf, usualLimits)
}

export async function throughputFigure(rounds: number, count: number): Promise<Figure> {
  const signers = Array.from({ length: senders }, (_, i) => signerOf(`figure ${i}`))
  const transactions = Array.from({ length: Math.max(count, warm) }, (_, i) =>
    signers[i % senders]!.transfer(
      signers[(i + 1) % senders]!.address,
      Math.floor(i / senders),
      1,
      1 + ((i * 7_919) % 97),
    ),
  )
  await inTurns(1, (version) => throughput(version, transactions.slice(0, warm)))
  const runs = await inTurns(rounds, (version) => throughput(version, transactions.slice(0, count)))
  const what = `${count} transactions of ${senders} senders into a pool of ${usualLimits.maxSize}`
  const name = 'pool-throughput'
  return figure(name, what, 'transactions/s', medians(runs, Number), targets[name])
}

/** All of them through a pool of the usual size, 64 at a time; each thousand the best 500 are included. Transactions per second. */
async function throughput(version: Version, transactions: readonly SignedTransaction[]): Promise<number> {
  const ledger = new Ledger()
  const pool = poolOf(version, ledger)
  const began = performance.now()
  for (let at = 0; at < transactions.length; at += 64) {
    await Promise.all(transactions.slice(at, at + 64).map((each) => pool.submit(each)))
    if (Math.floor(at / 1_000) !== Math.floor((at + 64) / 1_000))
      pool.remove(ledger.apply(pool.pending(500)).map(hashOf))
  }
  return transactions.length / ((performance.now() - began) / 1_000)
}

/** What a full pool of transactions that came over the wire needs. Kilobytes. */
export async function heapFigure(): Promise<Figure> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const signers = Array.from({ length: senders }, (_, i) => signerOf(`heap ${i}`))
  const strangers = signers.map((_, i) => signerOf(`stranger ${i}`))
  // As bytes, which are not on the heap: a text would be stored anew when it is read for the first time, and weigh in one version alone.
  const wire = Array.from({ length: usualLimits.maxSize }, (_, i) =>
    Buffer.from(
      JSON.stringify(
        signers[i % senders]!.transfer(strangers[i % senders]!.address, Math.floor(i / senders), 1, 1 + (i % 97)),
      ),
    ),
  )
  const kept: TransactionPool[] = []
  const held = async (version: Version, of: readonly Buffer[]): Promise<number> => {
    const ledger = new Ledger()
    collect()
    const before = process.memoryUsage().heapUsed
    const pool = poolOf(version, ledger)
    for (const bytes of of) await pool.submit(JSON.parse(bytes.toString()) as SignedTransaction)
    collect()
    kept.push(pool)
    return (process.memoryUsage().heapUsed - before) / 1_000
  }
  // What the first of them makes once and for all is no part of a pool.
  await inTurns(1, (version) => held(version, wire.slice(0, senders)))
  const runs = await inTurns(1, (version) => held(version, wire))
  const name = 'memory-pool'
  return figure(
    name,
    `heap of a full pool of ${kept.at(-1)?.size()} transactions`,
    'kB',
    medians(runs, Number),
    targets[name],
  )
}

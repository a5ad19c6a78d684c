/** The guide's targets, measured: pool throughput, sync speed, memory, latency of v1 and v2, in interleaved rounds. `--json` prints one object. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Ledger } from './ledger.ts'
import type { LoadReport } from './load.ts'
import { type TransactionPool, usualLimits } from './pool/pool.ts'
import { PoolV1 } from './pool/v1.ts'
import { PoolV2 } from './pool/v2.ts'
import { hashOf, type SignedTransaction, signerOf } from './transactions.ts'

const { values: given } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    transactions: { type: 'string', default: '12000' },
    seconds: { type: 'string', default: '3' },
    blocks: { type: 'string', default: '300' },
  },
})
const rounds = Number(given.rounds)
type Version = 'v1' | 'v2'
const versions: readonly Version[] = ['v1', 'v2']

export interface Figure {
  readonly name: string
  readonly what: string
  readonly unit: string
  readonly v1: number
  readonly v2: number
  /** What v2 is beside v1, in percent of v1. */
  readonly changePercent: number
  readonly target: string
  readonly met: boolean
}

/** What `--json` prints. */
export interface FiguresReport {
  readonly rounds: number
  readonly node: string
  readonly errors: number
  readonly figures: readonly Figure[]
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** A program in a process of its own, ready when it says where it listens. */
async function start(
  file: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly child: ChildProcess; readonly url: string; readonly stop: () => Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'jiti/register', join(import.meta.dirname, file), ...words], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /"event":"listening".*"port":(\d+)/.exec(text)
      if (found) resolve(Number(found[1]))
    })
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)))
  })
  const stop = () =>
    new Promise<void>((resolve) => {
      child.removeAllListeners('exit').once('exit', () => resolve())
      child.kill('SIGTERM')
    })
  return { child, url: `http://127.0.0.1:${port}`, stop }
}

/** All of them through a pool of the usual size, 64 at a time; each thousand the best 500 are included. Transactions per second. */
async function poolRound(version: Version, transactions: readonly SignedTransaction[]): Promise<number> {
  const ledger = new Ledger()
  const accountOf = (address: string) => ledger.account(address)
  const pool: TransactionPool =
    version === 'v1' ? new PoolV1(accountOf, usualLimits) : new PoolV2(accountOf, usualLimits)
  const began = performance.now()
  for (let at = 0; at < transactions.length; at += 64) {
    await Promise.all(transactions.slice(at, at + 64).map((each) => pool.submit(each)))
    if (Math.floor(at / 1_000) !== Math.floor((at + 64) / 1_000))
      pool.remove(ledger.apply(pool.pending(500)).map(hashOf))
  }
  return transactions.length / ((performance.now() - began) / 1_000)
}

async function poolFigure(): Promise<Figure> {
  const signers = Array.from({ length: 400 }, (_, i) => signerOf(`figure ${i}`))
  const transactions = Array.from({ length: Number(given.transactions) }, (_, i) =>
    signers[i % 400]!.transfer(signers[(i + 1) % 400]!.address, Math.floor(i / 400), 1, 1 + ((i * 7_919) % 97)),
  )
  const runs = { v1: [] as number[], v2: [] as number[] }
  for (let round = -1; round < rounds; round++)
    for (const version of round % 2 === 0 ? versions : versions.toReversed()) {
      const rate = await poolRound(version, transactions)
      if (round >= 0) runs[version].push(rate)
    }
  return figure(
    'pool-throughput',
    `${transactions.length} transactions of 400 senders into a pool of ${usualLimits.maxSize}`,
    'transactions/s',
    median(runs.v1),
    median(runs.v2),
    20,
  )
}

/** What a full pool of transactions that came over the wire needs on the heap. Kilobytes. */
async function heapFigure(): Promise<Figure> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const signers = Array.from({ length: 400 }, (_, i) => signerOf(`heap ${i}`))
  const strangers = signers.map((_, i) => signerOf(`stranger ${i}`))
  const texts = Array.from({ length: usualLimits.maxSize }, (_, i) =>
    JSON.stringify(signers[i % 400]!.transfer(strangers[i % 400]!.address, Math.floor(i / 400), 1, 1 + (i % 97))),
  )
  const kept: TransactionPool[] = []
  const held = async (version: Version): Promise<number> => {
    const ledger = new Ledger()
    collect()
    const before = process.memoryUsage().heapUsed
    const pool = version === 'v1' ? new PoolV1((a) => ledger.account(a)) : new PoolV2((a) => ledger.account(a))
    for (const text of texts) await pool.submit(JSON.parse(text) as SignedTransaction)
    collect()
    kept.push(pool)
    return (process.memoryUsage().heapUsed - before) / 1_000
  }
  await held('v1')
  await held('v2')
  const [v1, v2] = [await held('v1'), await held('v2')]
  return figure('memory-pool', `heap of a full pool of ${kept[0]?.size()} transactions`, 'kB', v1, v2, -10)
}

const blocks = Number(given.blocks)
const chainWords = ['--blocks', given.blocks, '--per-block', '20']

/** From an empty node to the whole chain, over real peers. Blocks per second. */
async function syncRound(version: Version, peers: readonly string[]): Promise<number> {
  const node = await start('service.ts', ['--peers', peers.join()], { SYNC_SERVICE_VERSION: version })
  try {
    // What is counted begins when the node listens, which is when it begins to sync.
    const listening = performance.now()
    for (;;) {
      const { number } = (await (await fetch(`${node.url}/head`)).json()) as { readonly number: number }
      if (number === blocks - 1) return blocks / ((performance.now() - listening) / 1_000)
      await sleep(5)
    }
  } finally {
    await node.stop()
  }
}

async function syncFigure(delayMs: number): Promise<Figure> {
  const peers = await Promise.all(
    [1, 2, 3, 4].map(() => start('peer.ts', [...chainWords, '--delay-ms', String(delayMs)])),
  )
  const runs = { v1: [] as number[], v2: [] as number[] }
  try {
    for (let round = 0; round < rounds; round++)
      for (const version of round % 2 === 0 ? versions : versions.toReversed())
        runs[version].push(
          await syncRound(
            version,
            peers.map((each) => each.url),
          ),
        )
  } finally {
    for (const each of peers) await each.stop()
  }
  return figure(
    `sync-${delayMs}ms`,
    `${blocks} blocks of 20 transactions from four peers that are ${delayMs} ms away`,
    'blocks/s',
    median(runs.v1),
    median(runs.v2),
    15,
  )
}

interface Served {
  readonly load: LoadReport
  readonly residentMb: number
}

/** The same load on a node of each version: latency as the client measured it, memory as the kernel counted it, both at the end of the load. */
async function servedRound(version: Version): Promise<Served> {
  const node = await start('service.ts', ['--seal-ms', '100', '--seal-size', '400'], {
    TRANSACTION_POOL_VERSION: version,
  })
  try {
    const child = spawn(
      process.execPath,
      [
        '--import',
        'jiti/register',
        join(import.meta.dirname, 'load.ts'),
        '--url',
        node.url,
        '--seconds',
        String(given.seconds),
        '--clients',
        '8',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await new Promise((resolve) => child.once('close', resolve))
    const metrics = await (await fetch(`${node.url}/metrics`)).text()
    return {
      load: JSON.parse(text) as LoadReport,
      residentMb: Number(/process_resident_memory_bytes (\d+)/.exec(metrics)?.[1]) / 1e6,
    }
  } finally {
    await node.stop()
  }
}

async function servedFigures(): Promise<{ readonly figures: readonly Figure[]; readonly errors: number }> {
  const runs: { readonly [version in Version]: Served[] } = { v1: [], v2: [] }
  for (let round = 0; round < rounds; round++)
    for (const version of round % 2 === 0 ? versions : versions.toReversed())
      runs[version].push(await servedRound(version))
  const of = (version: Version, what: (served: Served) => number) => median(runs[version].map(what))
  const most = (name: string, what: string, unit: string, read: (served: Served) => number, limit: number) =>
    figure(name, what, unit, of('v1', read), of('v2', read), -limit)
  const load = '8 clients submit over HTTP, the best are sealed each 100 ms'
  return {
    errors: [...runs.v1, ...runs.v2].reduce((sum, each) => sum + each.load.errors, 0),
    figures: [
      figure(
        'served-throughput',
        `${load}: accepted`,
        'transactions/s',
        of('v1', (s) => s.load.perSecond),
        of('v2', (s) => s.load.perSecond),
        20,
      ),
      most('memory', `${load}: resident memory at the end`, 'MB', (s) => s.residentMb, 10),
      most('latency-p50', `${load}: median latency`, 'ms', (s) => s.load.latencyMs.p50, 5),
      most('latency-p99', `${load}: 99th percentile`, 'ms', (s) => s.load.latencyMs.p99, 5),
    ],
  }
}

/** `target` above 0: at least so many percent more. Below: at most so many percent more. */
function figure(name: string, what: string, unit: string, v1: number, v2: number, target: number): Figure {
  const changePercent = Number((100 * (v2 / v1 - 1)).toFixed(1))
  const met = target > 0 ? changePercent >= target : changePercent <= -target
  const round = (value: number) => Number(value.toPrecision(4))
  return {
    name,
    what,
    unit,
    v1: round(v1),
    v2: round(v2),
    changePercent,
    target: target > 0 ? `at least +${target} %` : `at most +${-target} %`,
    met,
  }
}

const pool = await poolFigure()
const sync = [await syncFigure(0), await syncFigure(10)]
const served = await servedFigures()
const figures = [pool, await heapFigure(), ...sync, ...served.figures]
const report: FiguresReport = { rounds, node: process.version, errors: served.errors, figures }
if (given.json) console.log(JSON.stringify(report))
else {
  for (const each of figures)
    console.log(
      `${each.met ? 'met   ' : 'MISSED'} ${each.name.padEnd(18)} v1 ${String(each.v1).padStart(8)}  v2 ${String(each.v2).padStart(8)} ${each.unit.padEnd(14)} ${`${each.changePercent > 0 ? '+' : ''}${each.changePercent} %`.padStart(9)}  (${each.target})  ${each.what}`,
    )
  console.log(`medians of ${rounds} interleaved rounds, ${served.errors} failed requests`)
}

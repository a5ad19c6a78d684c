/** A client that submits signed transactions over HTTP and reports what it measured itself: throughput, latency, refusals, errors. */
import { Agent, request } from 'node:http'
import { isProgram, options } from '../stage/program.ts'
import { type Signer, signerOf } from './transactions.ts'

export interface LoadOptions {
  readonly url: string
  readonly seconds: number
  /** Requests at once; each client has senders of its own. */
  readonly clients: number
  /** Tells the senders of one run from those of another. */
  readonly tag: string
  readonly sendersPerClient?: number
}

export interface LoadReport {
  readonly seconds: number
  readonly requests: number
  readonly accepted: number
  readonly perSecond: number
  readonly refused: { readonly [reason: string]: number }
  /** Broken connections and answers of 500 and above, but for a pool that says it is full. */
  readonly errors: number
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number }
}

interface Tally {
  readonly latencies: number[]
  readonly refused: Record<string, number>
  accepted: number
  errors: number
}

export async function runLoad({ url, seconds, clients, tag, sendersPerClient = 8 }: LoadOptions): Promise<LoadReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const tally: Tally = { latencies: [], refused: {}, accepted: 0, errors: 0 }
  const began = performance.now()
  const until = began + seconds * 1_000
  const client = async (index: number): Promise<void> => {
    const senders = Array.from({ length: sendersPerClient }, (_, i) => ({
      signer: signerOf(`${tag} ${index} ${i}`),
      nonce: 0,
    }))
    for (let turn = 0; performance.now() < until; turn++)
      await submitOne(url, agent, senders[turn % senders.length]!, 1 + ((turn * 7_919 + index) % 97), tally)
  }
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)))
  const took = (performance.now() - began) / 1_000
  agent.destroy()
  const sorted = tally.latencies.sort((a, b) => a - b)
  const at = (share: number) =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(3))
  return {
    seconds: Number(took.toFixed(2)),
    requests: sorted.length + tally.errors,
    accepted: tally.accepted,
    perSecond: Number((tally.accepted / took).toFixed(1)),
    refused: tally.refused,
    errors: tally.errors,
    latencyMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
  }
}

async function submitOne(
  url: string,
  agent: Agent,
  sender: { readonly signer: Signer; nonce: number },
  fee: number,
  tally: Tally,
): Promise<void> {
  const transaction = sender.signer.transfer(sender.signer.address, sender.nonce, 1, fee)
  const began = performance.now()
  try {
    const { status, body } = await post(`${url}/transactions`, agent, JSON.stringify(transaction))
    const answer = JSON.parse(body) as { readonly accepted?: boolean; readonly reason?: string }
    if (status >= 500 && answer.reason !== 'pool-full') throw new Error(`answered ${status}`)
    tally.latencies.push(performance.now() - began)
    if (answer.accepted === true) {
      tally.accepted++
      sender.nonce++
    } else {
      const reason = answer.reason ?? `status ${status}`
      tally.refused[reason] = (tally.refused[reason] ?? 0) + 1
      // An evicted one before it, or an answer that was lost: the node knows what comes next.
      if (reason !== 'nonce-too-high') sender.nonce = await nextNonce(url, sender.signer.address)
    }
  } catch {
    tally.errors++
  }
}

async function nextNonce(url: string, address: string): Promise<number> {
  const answer = await fetch(`${url}/nonce/${address}`)
  return ((await answer.json()) as { readonly nonce: number }).nonce
}

function post(url: string, agent: Agent, body: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const asked = request(url, { method: 'POST', agent, headers, timeout: 5_000 }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }))
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer in 5 s')))
    asked.on('error', reject)
    asked.end(body)
  })
}

if (isProgram(import.meta.filename)) {
  const given = options(['url', 'seconds', 'clients', 'tag'])
  if (given.url === undefined) throw new Error('--url http://… says whom to ask')
  const report = await runLoad({
    url: given.url,
    seconds: Number(given.seconds ?? 10),
    clients: Number(given.clients ?? 16),
    tag: given.tag ?? 'load',
  })
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

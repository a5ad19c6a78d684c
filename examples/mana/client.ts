/** One sender of transactions: sends, reads its own back, and keeps the ledger of what it was promised. Knows no version but by the header of an answer. */
import { type Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Signer, signerOf } from './transactions.ts'

/** What was promised to one sender: so many transactions with nonces 0, 1, 2 …, which cost it so much in all. */
export interface Promised {
  readonly address: string
  readonly accepted: number
  readonly fees: number
}

/** What came of one request. Milliseconds from the first byte out to the last byte in, with all tries. */
export interface Outcome {
  readonly ms: number
  readonly tries: number
  readonly version: string | null
  /** Whether there was an answer at all. */
  readonly answered: boolean
  /** What is wrong with the answer, or null. */
  readonly fault: string | null
}

interface Answer {
  readonly status: number
  readonly version: string | null
  readonly body: { readonly accepted?: boolean; readonly reason?: string; readonly nonce?: number }
}

/** A node that restarts is not there for a moment: it is asked again for so long, like every client of a chain does. */
const patienceMs = 10_000
const againMs = 50

export class Client {
  busy = false
  readonly #signer: Signer
  readonly #url: string
  readonly #agent: Agent
  #accepted = 0
  #fees = 0
  #turn: number
  /** A transaction of which nobody knows whether it is in the pool. */
  #doubted: { readonly body: string; readonly fee: number } | undefined

  /** `turn`: where it begins in its round of five, so that not all senders read at the same time. */
  constructor(name: string, url: string, agent: Agent, turn: number) {
    this.#turn = turn
    this.#signer = signerOf(name)
    this.#url = url
    this.#agent = agent
  }

  promised(): Promised {
    return { address: this.#signer.address, accepted: this.#accepted, fees: this.#fees }
  }

  /** The next request: every fifth reads the own nonce back, and an answer that is not what was promised is a fault. */
  async next(): Promise<Outcome> {
    this.busy = true
    try {
      const reads = this.#turn++ % 5 === 4 && this.#doubted === undefined
      return reads ? await this.#readBack() : await this.#submit()
    } finally {
      this.busy = false
    }
  }

  /** Finds out what is not known; asked when nothing else is sent any more. */
  async settle(): Promise<void> {
    if (this.#doubted !== undefined) await this.#submit()
  }

  /** What was given up without an answer is sent again as it was: it may have come through, and then it is promised. */
  async #submit(): Promise<Outcome> {
    const doubted = this.#doubted
    const fee = doubted?.fee ?? 1 + ((this.#turn * 7_919) % 97)
    const body = doubted?.body ?? JSON.stringify(this.#signer.transfer(this.#signer.address, this.#accepted, 1, fee))
    const outcome = await this.#ask('POST', '/transactions', body, ({ status, body: { accepted, reason } }, tries) => {
      this.#doubted = undefined
      // An earlier try may have come through and its answer been lost: then it is there, and that is what was asked.
      const isThere = (tries > 1 || doubted !== undefined) && (reason === 'known' || reason === 'nonce-too-low')
      if (accepted !== true && !isThere) return `answered ${status} ${reason ?? ''}`.trim()
      this.#accepted++
      this.#fees += fee
      return null
    })
    if (!outcome.answered) this.#doubted = { body, fee }
    return outcome
  }

  #readBack(): Promise<Outcome> {
    return this.#ask('GET', `/nonce/${this.#signer.address}`, null, ({ status, body: { nonce } }) =>
      status === 200 && nonce === this.#accepted ? null : `nonce ${nonce}, promised were ${this.#accepted} (${status})`,
    )
  }

  async #ask(
    method: string,
    path: string,
    body: string | null,
    judge: (answer: Answer, tries: number) => string | null,
  ): Promise<Outcome> {
    const began = performance.now()
    for (let tries = 1; ; tries++) {
      const took = () => performance.now() - began
      try {
        const answer = await send(`${this.#url}${path}`, method, this.#agent, body)
        return { ms: took(), tries, version: answer.version, answered: true, fault: judge(answer, tries) }
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        if (took() > patienceMs) return { ms: took(), tries, version: null, answered: false, fault: why }
        await sleep(againMs)
      }
    }
  }
}

/** Throws where the connection breaks or nothing comes in 5 s. */
function send(url: string, method: string, agent: Agent, body: string | null): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers =
      body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const asked = request(url, { method, agent, headers, timeout: 5_000 }, (answer) => {
      const chunks: Buffer[] = []
      const version = answer.headers['x-module-version']
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        try {
          const parsed = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer['body']
          resolve({
            status: answer.statusCode ?? 0,
            version: typeof version === 'string' ? version : null,
            body: parsed,
          })
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer in 5 s')))
    asked.on('error', reject)
    asked.end(body ?? undefined)
  })
}

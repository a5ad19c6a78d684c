/** What can be wrong with v2, switched on by name: each does the harm that it is named after, and nothing tells the plan of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PoolV2 } from './pool/v2.ts'
import type { Submitted } from './pool/pool.ts'
import type { Ask } from './sync/sync.ts'
import type { SignedTransaction } from './transactions.ts'

/** By name, what goes wrong. */
export const faults = {
  'slow-v2': 'the pool of v2 takes 60 ms longer for each transaction',
  'failing-v2': 'the pool of v2 throws for every third transaction, once it has seen 400',
  'memory-v2': 'the pool of v2 never gives back 512 kB for each transaction',
  'wrong-v2': 'the pool of v2 says a nonce that is one too high',
  'slow-sync': 'the sync of v2 asks one question a second',
  'lost-peers': 'the sync of v2 loses its peer at two questions of three',
} as const
export type Fault = keyof typeof faults

export function isFault(name: string): name is Fault {
  return Object.hasOwn(faults, name)
}

/** The v2 pool, sound without a fault. */
export function poolWith(fault: Fault | null, ...given: ConstructorParameters<typeof PoolV2>): PoolV2 {
  return fault === null ? new PoolV2(...given) : new FaultyPool(fault, ...given)
}

class FaultyPool extends PoolV2 {
  readonly #fault: Fault
  readonly #leak: Buffer[] = []
  #turn = 0

  constructor(fault: Fault, ...given: ConstructorParameters<typeof PoolV2>) {
    super(...given)
    this.#fault = fault
  }

  override async submit(transaction: SignedTransaction): Promise<Submitted> {
    this.#turn++
    if (this.#fault === 'slow-v2') await sleep(60)
    if (this.#fault === 'memory-v2') this.#leak.push(Buffer.alloc(512 * 1024, this.#turn))
    if (this.#fault === 'failing-v2' && this.#turn > 400 && this.#turn % 3 === 0)
      throw new Error('the fault "failing-v2" is on')
    return super.submit(transaction)
  }

  override nextNonce(address: string): number {
    return super.nextNonce(address) + (this.#fault === 'wrong-v2' ? 1 : 0)
  }
}

/** How the v2 sync asks its peers. */
export function askWith(fault: Fault | null, ask: Ask): Ask {
  if (fault === 'slow-sync') return oneByOne(ask, 1_000)
  if (fault === 'lost-peers') return everyThird(ask)
  return ask
}

function oneByOne(ask: Ask, ms: number): Ask {
  let turn: Promise<unknown> = Promise.resolve()
  return async (url, signal, patienceMs) => {
    await (turn = turn.then(() => sleep(ms, undefined, { signal }).catch(() => undefined)))
    return ask(url, signal, patienceMs)
  }
}

/** The others find nobody, as where connections break: what is asked comes in the end, so that the chain grows on. */
function everyThird(ask: Ask): Ask {
  let turn = 0
  return (url, signal, patienceMs) =>
    ++turn % 3 === 0
      ? ask(url, signal, patienceMs)
      : Promise.reject(new Error(`"${url}" is lost: the fault "lost-peers" is on`))
}

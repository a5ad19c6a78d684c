/** A peer: serves the example's chain over HTTP. `--delay-ms` stands for the distance; `--fault corrupt|gone` makes it a bad peer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isProgram, options, program } from '../stage/program.ts'
import { type Block, makeChain } from './blocks.ts'
import { type Reply, serve, type Serving } from '../stage/http.ts'

export interface PeerOptions {
  readonly port: number
  readonly chain: readonly Block[]
  /** Before each answer. */
  readonly delayMs?: number
  /** One more block is known each so many milliseconds; 0: all from the start. */
  readonly blockMs?: number
  readonly fault?: 'corrupt' | 'gone' | undefined
}

const mostAtOnce = 64

export async function startPeer({ port, chain, delayMs = 0, blockMs = 0, fault }: PeerOptions): Promise<Serving> {
  const began = Date.now()
  const head = () =>
    blockMs === 0 ? chain.length - 1 : Math.min(chain.length - 1, Math.floor((Date.now() - began) / blockMs))
  const shown = (block: Block): Block =>
    fault === 'corrupt' && block.number % 3 === 1 ? { ...block, transactions: block.transactions.slice(1) } : block
  const late = async (make: () => Reply): Promise<Reply> => {
    if (delayMs > 0) await sleep(delayMs)
    return fault === 'gone' ? { status: 503, body: { error: 'gone' } } : make()
  }
  return serve(port, {
    'GET /head': () => late(() => ({ status: 200, body: { number: head(), hash: chain[head()]?.hash } })),
    'GET /blocks': ({ path: [text], query }) =>
      late(() => {
        const from = Number(text ?? query.get('from'))
        const count = text === undefined ? Math.min(mostAtOnce, Number(query.get('count') ?? 1)) : 1
        const blocks = chain.slice(from, Math.min(from + count, head() + 1)).map(shown)
        if (blocks.length === 0) return { status: 404, body: { error: `no block ${from}` } }
        return { status: 200, body: text === undefined ? blocks : blocks[0] }
      }),
  })
}

if (isProgram(import.meta.filename)) {
  const given = options(['port', 'blocks', 'per-block', 'delay-ms', 'block-ms', 'fault'])
  const number = (name: keyof typeof given, otherwise: number) => Number(given[name] ?? otherwise)
  await program('peer', () =>
    startPeer({
      port: number('port', 0),
      chain: makeChain(number('blocks', 300), number('per-block', 20)),
      delayMs: number('delay-ms', 0),
      blockMs: number('block-ms', 0),
      fault: given.fault as PeerOptions['fault'],
    }),
  )
}

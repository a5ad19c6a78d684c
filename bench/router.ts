/** What a call through the version router costs, in ns, beside the same call made directly: interleaved rounds, medians.
 * `--rounds N` (15) and `--calls N` (200,000 a round, a hundredth of that where every call is shadowed); `--json` prints one object.
 */
import type * as Rooms from '../src/router/index.ts'
import { median } from './rig/rounds.ts'

const shipped = new URL('../dist/router/index.js', import.meta.url).href
const { createRouter } = (await import(shipped)) as typeof Rooms

const number = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}
const rounds = number('rounds', 15)
const calls = number('calls', 200_000)

/** Work so small that the router is what is measured; the sums keep it from being compiled away. */
class Ledger {
  #sum = 0
  add(by: number): number {
    this.#sum += by
    return this.#sum
  }
  async later(by: number): Promise<number> {
    this.#sum += by
    return this.#sum
  }
}

interface User {
  readonly key: string
}
interface Contender {
  readonly name: string
  readonly what: string
  /** Share of `calls` made a round. */
  readonly share: number
  run(count: number): number | Promise<number>
}

const users: readonly User[] = Array.from({ length: 4_096 }, (_, i) => ({ key: `user-${i * 7_919}` }))
const allowed = new Set(users.filter((_, i) => i % 4 === 0).map((user) => user.key))
/** A flag store that does next to nothing: what is measured is how the router asks. */
const flags = {
  boolean: (_key: string, _fallback: boolean, context: Readonly<Record<string, unknown>>) =>
    allowed.has(context['targetingKey'] as string),
}

function routed(more: object) {
  const versions = { v1: new Ledger(), v2: new Ledger() }
  return createRouter<typeof versions, User>({ module: 'ledger', versions, key: (call) => call.context?.key, ...more })
}
type Routed = ReturnType<typeof routed>

function plain(router: Routed) {
  const { add } = router.calls
  return (count: number): number => {
    let sum = 0
    for (let at = 0; at < count; at++) sum += add(at)
    return sum
  }
}
function byUser(router: Routed) {
  return (count: number): number => {
    let sum = 0
    for (let at = 0; at < count; at++) sum += router.for(users[at & 4_095]!).add(at)
    return sum
  }
}

async function waited(ledger: { later(by: number): Promise<number> }, count: number): Promise<number> {
  let sum = 0
  for (let at = 0; at < count; at++) sum += await ledger.later(at)
  return sum
}

function contenders(): readonly Contender[] {
  const direct = new Ledger()
  const directLater = new Ledger()
  const static_ = routed({ decide: 'v2' })
  const shadow = { candidate: 'v2', percent: 0, timeoutMs: 1_000 }
  const reads = ['add', 'later']
  const of = (name: string, what: string, run: Contender['run'], share = 1): Contender => ({ name, what, run, share })
  return [
    of('direct', 'the call itself', (count) => {
      let sum = 0
      for (let at = 0; at < count; at++) sum += direct.add(at)
      return sum
    }),
    of('static', 'one version, every call timed', plain(static_)),
    of('static-16', 'one version, every 16th call timed', plain(routed({ decide: 'v2', timeEvery: 16 }))),
    of('static-untimed', 'one version, counted only', plain(routed({ decide: 'v2', timeEvery: 0 }))),
    of('context', 'the same with a context for each call', byUser(routed({ decide: 'v2', timeEvery: 0 }))),
    of(
      'percent',
      '25 % sticky by key, counted only',
      byUser(routed({ decide: { percent: { v2: 25 } }, timeEvery: 0 })),
    ),
    of(
      'flag',
      'a flag asked for each call, counted only',
      byUser(routed({ decide: { flag: 'f', on: 'v2', off: 'v1' }, flags, timeEvery: 0 })),
    ),
    of('shadow-off', 'a shadow at 0 %, counted only', plain(routed({ reads, shadow, timeEvery: 0 }))),
    of(
      'shadow-1',
      'a shadow at 1 %, the other calls counted only',
      plain(routed({ reads, shadow: { ...shadow, percent: 1 }, timeEvery: 0 })),
    ),
    of(
      'shadow-on',
      'a shadow of every call, compared',
      plain(routed({ reads, shadow: { ...shadow, percent: 100 } })),
      0.05,
    ),
    of('direct-async', 'an async call, awaited', (count) => waited(directLater, count), 0.25),
    of(
      'static-async',
      'the same through the router, timed',
      (count) => waited(routed({ decide: 'v2' }).calls, count),
      0.25,
    ),
  ]
}

const all = contenders()
const times = new Map<string, number[]>(all.map(({ name }) => [name, []]))
let kept = 0
for (let round = -2; round < rounds; round++) {
  // Turned about each round, so that no one always runs in another's wake. The first two rounds let the code be compiled.
  for (const each of round % 2 === 0 ? all : all.toReversed()) {
    const count = Math.max(1, Math.round(calls * each.share))
    const began = process.hrtime.bigint()
    kept += await each.run(count)
    const ns = Number(process.hrtime.bigint() - began) / count
    if (round >= 0) times.get(each.name)!.push(ns)
  }
}

const figures = all.map(({ name, what }) => {
  const base = name.endsWith('async') ? 'direct-async' : 'direct'
  const ns = median(times.get(name)!)
  const over = median(times.get(name)!.map((each, round) => each - times.get(base)![round]!))
  return { name, what, nsPerCall: Number(ns.toFixed(1)), overheadNs: Number(over.toFixed(1)) }
})
if (process.argv.includes('--json')) console.log(JSON.stringify({ rounds, calls, node: process.version, figures }))
else {
  for (const { name, what, nsPerCall, overheadNs } of figures)
    console.log(`${name.padEnd(15)} ${String(nsPerCall).padStart(8)} ns  ${`+${overheadNs}`.padStart(8)} ns  ${what}`)
  console.log(`medians of ${rounds} interleaved rounds of ${calls} calls (${kept === 0 ? '' : 'sums kept'})`)
}

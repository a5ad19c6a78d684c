/** Flag evaluation in ns a call beside flagd's SDK, GrowthBook and Unleash: a static flag, a share of 25 %, a rule and a share. */
import { parseArgs } from 'node:util'
import {
  type Evaluator,
  flagd,
  growthbook,
  ours,
  oursInFull,
  type Question,
  questions,
  unleash,
  users,
} from './rig/flags-peers.ts'
import { median } from './rig/rounds.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '15' } },
})
const rounds = Number(values.rounds)
/** Of the fastest peer, at most. */
const bar = 0.6
/** How long a turn of one evaluator lasts: long enough for the clock, short enough that all see the same weather. */
const turnMs = 15

const peer = await unleash()
const evaluators: readonly Evaluator[] = [ours(), oursInFull(), flagd(), growthbook(), peer]

/** How many calls fill a turn. Warms the evaluator up on the way. */
function filling(evaluator: Evaluator, question: Question): number {
  let many = 1024
  for (;;) {
    const started = performance.now()
    evaluator.ask(question, many)
    if (performance.now() - started >= turnMs) return many
    many *= 2
  }
}

function nanoseconds(evaluator: Evaluator, question: Question, many: number): number {
  const started = performance.now()
  evaluator.ask(question, many)
  return ((performance.now() - started) * 1e6) / many
}

/** The medians by evaluator. Every round, each has its turn, in an order that alternates. */
function measure(question: Question): readonly number[] {
  const many = evaluators.map((each) => filling(each, question))
  const turns = evaluators.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    const order = [...evaluators.keys()]
    for (const at of round % 2 === 0 ? order : order.toReversed()) {
      const evaluator = evaluators[at]
      if (evaluator) turns[at]?.push(nanoseconds(evaluator, question, many[at] ?? 1024))
    }
  }
  return turns.map(median)
}

/** Nobody may be fast by being wrong: a quarter is in, by whichever hash. */
function sound(evaluator: Evaluator): void {
  const eligible = users.filter(({ country, plan }) => ['DE', 'FR', 'NL'].includes(country) && plan === 'pro').length
  for (const [question, among] of [
    ['static', 0],
    ['share', users.length],
    ['rule', eligible],
  ] as const) {
    const count = evaluator.ask(question, users.length)
    const off = Math.abs(count - among / 4)
    if (off > among * 0.08) throw new Error(`${evaluator.name} lets ${count} of ${among} in at ${question}`)
  }
}

try {
  evaluators.forEach(sound)
  const results = questions.map((question) => {
    const figures = measure(question)
    const [mine = 0, full = 0, ...peers] = figures
    const fastest = Math.min(...peers)
    const ns = Object.fromEntries(evaluators.map(({ name }, at) => [name, Number((figures[at] ?? 0).toFixed(1))]))
    return {
      question,
      ns,
      ratio: Number((mine / fastest).toFixed(3)),
      resolveRatio: Number((full / fastest).toFixed(3)),
    }
  })
  const reached = results.every(({ ratio }) => ratio <= bar)
  if (values.json) console.log(JSON.stringify({ bench: 'flags', rounds, users: users.length, bar, reached, results }))
  else {
    console.log(`${''.padEnd(8)}${evaluators.map(({ name }) => name.padStart(20)).join('')}   to the fastest peer`)
    for (const { question, ns, ratio, resolveRatio } of results) {
      const cells = Object.values(ns).map((each) => `${each.toFixed(0)} ns`.padStart(20))
      const verdict = ratio <= bar ? `≤ ${bar}` : `MISSED ${bar}`
      console.log(`${question.padEnd(8)}${cells.join('')}   ${ratio} ${verdict}; resolve ${resolveRatio}`)
    }
    console.log(`medians of ${rounds} interleaved rounds, ${users.length} users in turn`)
  }
} finally {
  peer.stop()
}

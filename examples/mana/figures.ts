/** The guide's targets, measured: pool throughput, sync speed, memory, latency of v1 and v2, in interleaved rounds. `--json` prints one object. */
import { parseArgs } from 'node:util'
import type { FiguresReport } from './figures/figure.ts'
import { heapFigure, throughputFigure } from './figures/pool.ts'
import { servedFigures } from './figures/served.ts'
import { syncFigures } from './figures/sync.ts'

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

const throughput = await throughputFigure(rounds, Number(given.transactions))
const heap = await heapFigure()
const sync = await syncFigures(rounds, Number(given.blocks))
const served = await servedFigures(rounds, Number(given.seconds))
const figures = [throughput, heap, ...sync, ...served.figures]
const report: FiguresReport = { rounds, node: process.version, errors: served.errors, figures }
if (given.json) console.log(JSON.stringify(report))
else {
  for (const each of figures)
    console.log(
      `${each.met ? 'met   ' : 'MISSED'} ${each.name.padEnd(18)} v1 ${String(each.v1).padStart(8)}  v2 ${String(each.v2).padStart(8)} ${each.unit.padEnd(14)} ${`${each.changePercent > 0 ? '+' : ''}${each.changePercent} %`.padStart(9)}  (${each.target})  ${each.what}`,
    )
  console.log(`medians of ${rounds} interleaved rounds, ${served.errors} failed requests`)
}

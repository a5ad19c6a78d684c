/** A whole node of each version under all the load that it can take: latency as the client measured it, memory as the kernel counted it. */
import type { LoadReport } from '../load.ts'
import { targets } from '../parts.ts'
import { type Figure, figure, inTurns, medians, type Version } from './figure.ts'
import { said, startBeside } from './beside.ts'

interface Served {
  readonly load: LoadReport
  readonly residentMb: number
}

/** `errors`: requests that failed. */
export async function servedFigures(
  rounds: number,
  seconds: number,
): Promise<{ readonly figures: readonly Figure[]; readonly errors: number }> {
  const runs = await inTurns(rounds, (version) => serve(version, seconds))
  const load = '8 clients submit over HTTP, the best are sealed each 100 ms'
  const of = (read: (served: Served) => number) => medians(runs, read)
  const accepted = of((each) => each.load.perSecond)
  const memory = of((each) => each.residentMb)
  const p50 = of((each) => each.load.latencyMs.p50)
  const p99 = of((each) => each.load.latencyMs.p99)
  return {
    errors: [...runs.v1, ...runs.v2].reduce((sum, each) => sum + each.load.errors, 0),
    figures: [
      figure('served-throughput', `${load}: accepted`, 'transactions/s', accepted, targets['pool-throughput']),
      figure('memory', `${load}: resident memory at the end`, 'MB', memory, targets.memory),
      figure('latency-p50', `${load}: median latency`, 'ms', p50, targets['latency-p50']),
      figure('latency-p99', `${load}: 99th percentile`, 'ms', p99, targets['latency-p99']),
    ],
  }
}

async function serve(version: Version, seconds: number): Promise<Served> {
  const node = await startBeside('service', ['--seal-ms', '100', '--seal-size', '400'], {
    TRANSACTION_POOL_VERSION: version,
  })
  try {
    const text = await said('load', ['--url', node.url, '--seconds', String(seconds), '--clients', '8'])
    const metrics = await (await fetch(`${node.url}/metrics`)).text()
    return {
      load: JSON.parse(text) as LoadReport,
      residentMb: Number(/process_resident_memory_bytes (\d+)/.exec(metrics)?.[1]) / 1e6,
    }
  } finally {
    await node.stop()
  }
}

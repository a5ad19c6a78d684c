/** What came of the comparisons with one candidate, counted. Knows neither clock nor router. */
import type { ShadowCount } from './shadow-result.ts'
import { Histogram } from './tally.ts'
import type { Observation } from './verdict.ts'

/** Of one method of one candidate. */
export class ShadowTally {
  readonly counts = { runs: 0, matched: 0, mismatched: 0, ignored: 0, timedOut: 0, skipped: 0, errors: 0 }
  readonly latency = new Histogram()
  readonly controlLatency = new Histogram()
  readonly cpu = { runs: 0, ms: 0, controlMs: 0 }

  /** Processor time of both, where both were measured. */
  addCpu(control: Observation, seen: Observation | null): void {
    if (control.cpuMs === undefined || seen?.cpuMs === undefined) return
    this.cpu.runs++
    this.cpu.ms += seen.cpuMs
    this.cpu.controlMs += control.cpuMs
  }

  read(): ShadowCount {
    const { counts, cpu } = this
    return { ...counts, latency: this.latency.read(), controlLatency: this.controlLatency.read(), cpu: { ...cpu } }
  }
}

/** A target of figures: it has no facts, nothing is written, and nobody has to be fenced out. Knows no source. */
import type { Target } from '../core/kind.ts'
import type { MetricsReader } from '../core/ports/index.ts'

/** `identity` names the source for good. `close` ends what it holds open. */
export function metricsTarget(
  identity: string,
  port: MetricsReader,
  close: () => Promise<void> = async () => undefined,
): Target<'metrics'> {
  return {
    identity: async () => identity,
    observe: async () => ({}),
    read: port,
    write: port,
    fence: async () => undefined,
    close,
  }
}

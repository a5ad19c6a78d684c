/** The words for what a measurement, a metric and a run of metrics came to. */

/** `undecided` is ours: Argo knows no measurement without evidence. */
export type Outcome = 'successful' | 'failed' | 'inconclusive' | 'error' | 'undecided'

/** The phases of an Argo metric, in their order from best to worst. */
export type Phase = 'successful' | 'running' | 'pending' | 'inconclusive' | 'error' | 'failed'

const order: readonly Phase[] = ['successful', 'running', 'pending', 'inconclusive', 'error', 'failed']

export function worst(phases: readonly Phase[]): Phase {
  return phases.reduce<Phase>((bad, each) => (order.indexOf(each) > order.indexOf(bad) ? each : bad), 'successful')
}

export function isOver(phase: Phase): boolean {
  return phase !== 'running' && phase !== 'pending'
}

/** What `chaos.ts` prints. Milliseconds. */
export interface ChaosReport {
  readonly scenario: string
  readonly node: string
  /** From the harm until the others were whole without it: each group of theirs has a leader. */
  readonly othersMs: number
  /** From the mend, or the new start, until every node was healthy. */
  readonly recoveredMs: number
  /** Operations of users that were under way or began meanwhile, and failed. */
  readonly failed: number
}

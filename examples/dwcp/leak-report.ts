/** What `leak.ts` prints: percent of the mean memory of the fleet, a minute. */
export interface LeakReport {
  readonly seconds: number
  readonly meanBytes: number
  readonly percentPerMinute: number
  /** The lower end of the slope's 95 % interval. */
  readonly surelyPercentPerMinute: number
}

/** What `leak.ts` prints. A leak is memory that is kept for work that is done: bytes kept for each byte of pages moved. */
export interface LeakReport {
  readonly seconds: number
  readonly meanBytes: number
  readonly movedBytes: number
  /** Growth of the fleet's memory by its mean. */
  readonly percentPerMinute: number
  readonly keptPerByte: number
  /** The lower end of the 95 % interval of that. */
  readonly surelyKeptPerByte: number
}

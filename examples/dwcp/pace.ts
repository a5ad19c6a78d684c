/** How much shorter than in the guide a run is: its waits, and the looks that are taken at a fleet. What is judged, and its limits, are the same at every pace. */

export interface Pace {
  /** How many times shorter a week of the schedule is, and the ten minutes between the stages of a gradual rollback. */
  readonly compress: number
  readonly compressDown: number
  /** The same of the soak, while memory is watched, and of the two months of waiting before the clean-up. */
  readonly compressSoak: number
  readonly compressMonth: number
  /** Measurements of what v1 and v3 do, of what a week cost, and of the last look at the v1 way. */
  readonly captures: number
  readonly impacts: number
  readonly lastLooks: number
  /** Measurements of a gate: the third bad one fails it. */
  readonly looks: number
  /** The same of the criteria of week 2, and how long modes may change before they are looked at, on canary nodes and after. */
  readonly looks2: number
  readonly settleMs: { readonly canary: number; readonly week: number }
}

export const paces = {
  /** A week in five seconds, the soak in twelve, a month in eight. */
  full: {
    compress: 120_960,
    compressDown: 120,
    compressSoak: 50_400,
    compressMonth: 324_000,
    captures: 12,
    impacts: 4,
    lastLooks: 6,
    looks: 4,
    looks2: 6,
    settleMs: { canary: 5_000, week: 5_000 },
  },
  /** A week in one, the soak in five, a month in one, for a test. */
  quick: {
    compress: 600_000,
    compressDown: 300,
    compressSoak: 120_960,
    compressMonth: 2_592_000,
    captures: 6,
    impacts: 2,
    lastLooks: 4,
    looks: 3,
    looks2: 4,
    settleMs: { canary: 4_000, week: 2_000 },
  },
} as const satisfies Readonly<Record<string, Pace>>
export type PaceName = keyof typeof paces

/** The full one unless a known one is named. */
export const paceNamed = (name: string | undefined): Pace => paces[name === 'quick' ? 'quick' : 'full']

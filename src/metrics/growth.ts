/** How much a total grew within a window that moves along. A total that falls was begun anew. Pure, plain JSON. */

/** `points`: the growth since the first, at times in milliseconds; at most one older than the window. */
export type Growth = {
  readonly raw: number
  readonly points: readonly (readonly [at: number, total: number])[]
}

export function addTotal(growth: Growth | null, raw: number, at: number, windowMs: number): Growth {
  if (!Number.isFinite(raw)) return growth ?? { raw: 0, points: [] }
  const last = growth?.points.at(-1)
  if (!growth || !last) return { raw, points: [[at, 0]] }
  const total = last[1] + (raw >= growth.raw ? raw - growth.raw : raw)
  // A hundred points tell a window well enough, however often it is looked at.
  const before = growth.points.at(-2)
  const kept = before && last[0] - before[0] < windowMs / 100 ? growth.points.slice(0, -1) : growth.points
  const points = [...kept, [at, total] as const]
  const first = points.findLastIndex((point) => point[0] <= at - windowMs)
  return { raw, points: points.slice(Math.max(0, first)) }
}

/** The growth up to the last point, from where the window begins; between two points it is taken to be even. */
export function grownIn(
  growth: Growth | null,
  windowMs: number,
): { readonly by: number; readonly overMs: number } | undefined {
  const last = growth?.points.at(-1)
  const first = growth?.points[0]
  if (!last || !first) return undefined
  const from = last[0] - windowMs
  const next = growth.points.find((point) => point[0] > from)
  if (first[0] > from || !next) return { by: last[1] - first[1], overMs: last[0] - first[0] }
  const share = (from - first[0]) / (next[0] - first[0])
  return { by: last[1] - (first[1] + share * (next[1] - first[1])), overMs: windowMs }
}

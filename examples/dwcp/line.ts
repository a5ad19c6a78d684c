/** A straight line through points by least squares. Pure. */
export interface Line {
  readonly mean: number
  /** A unit of x. */
  readonly slope: number
  /** Standard error of the slope. */
  readonly slopeError: number
}

/** Throws RangeError where there are less than three points, or all at one x. */
export function lineThrough(points: readonly (readonly [number, number])[]): Line {
  const count = points.length
  const mean = (of: readonly number[]): number => of.reduce((sum, each) => sum + each, 0) / count
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  if (count < 3 || spread === 0) throw new RangeError(`${count} points give no line with an error`)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread
  const left = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  return { mean: meanY, slope, slopeError: Math.sqrt(left / (count - 2) / spread) }
}

/** Where a list begins to count: the server's arrays may begin at other numbers than 1, which no list of JavaScript tells. Knows no codec. */

const bounds = new WeakMap<readonly unknown[], readonly number[]>()

/** First index of each dimension; undefined where each is 1. */
export function boundsOf(list: readonly unknown[]): readonly number[] | undefined {
  return bounds.get(list)
}

/** `lowers`: first index of each dimension. */
export function setBounds<T extends readonly unknown[]>(list: T, lowers: readonly number[] | undefined): T {
  if (lowers?.some((each) => each !== 1) === true) bounds.set(list, lowers)
  return list
}

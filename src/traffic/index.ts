/** What all of traffic agrees on: shares as values, the weights that come nearest to them, and a proxy's file kept for good. Knows no proxy. */
export { readText, writeDurably } from './durable.ts'
export { mustBeWhole, namedIn, sameShares, showShares, whole, wrongShares } from './shares.ts'
export { sharesOfWeights, weightsFor } from './weights.ts'

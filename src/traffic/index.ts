/** What all of traffic agrees on: shares as values, the weights that come nearest to them. Knows no proxy. */
export { sharesOnly } from './shares-only.ts'
export { mustBeWhole, namedIn, sameShares, showShares, whole, wrongShares } from './shares.ts'
export { sharesOfWeights, weightsFor } from './weights.ts'

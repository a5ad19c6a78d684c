/**
 * Whether one side fails more often than another, asked after every batch and stopped at any time. The false alarm rate holds over *all* looks.
 * Source: Turner, Ly, Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional stopping", Journal of Statistical
 * Planning and Inference 230 (2024), arXiv:2106.02693; the bound over all times is Ville's inequality (1939). No normal approximation: exact at any rate.
 */

/** Trials and how many of them failed. */
export type Count = { readonly total: number; readonly failed: number }

/** What has been seen. `evidence` is the logarithm of the e-value, `most` its greatest yet. */
export type Sequential = {
  readonly old: Count
  readonly fresh: Count
  readonly evidence: number
  readonly most: number
}

export const nothingSeen: Sequential = {
  old: { total: 0, failed: 0 },
  fresh: { total: 0, failed: 0 },
  evidence: 0,
  most: 0,
}

/**
 * A batch of both sides. The bet on it (two rates, learnt from the batches before: Beta(½,½) means) is divided by the best that equal rates could have
 * bet, their mean weighted by the trials. Under equal rates p the expectation is f_old^n_old · f_fresh^n_fresh with the weighted mean of f_old and f_fresh
 * equal to one, so at most one; with fewer failures on the fresh side it is smaller still, since the bet is never that it has fewer.
 */
export function addBatch(seen: Sequential, old: Count, fresh: Count): Sequential {
  const [bet, than] = bets(seen)
  const trials = old.total + fresh.total
  const even = trials === 0 ? 0.5 : (old.total * than + fresh.total * bet) / trials
  const gain = (count: Count, rate: number) =>
    count.failed * Math.log(rate / even) + (count.total - count.failed) * Math.log((1 - rate) / (1 - even))
  const evidence = seen.evidence + gain(old, than) + gain(fresh, bet)
  return { old: plus(seen.old, old), fresh: plus(seen.fresh, fresh), evidence, most: Math.max(seen.most, evidence) }
}

function bets(seen: Sequential): readonly [fresh: number, old: number] {
  const rate = (count: Count) => (count.failed + 0.5) / (count.total + 1)
  const [fresh, old] = [rate(seen.fresh), rate(seen.old)]
  if (seen.fresh.total === 0 || fresh > old) return seen.fresh.total === 0 ? [0.5, 0.5] : [fresh, old]
  // Nothing speaks for a worse side yet: bet on neither.
  const both = rate(plus(seen.fresh, seen.old))
  return [both, both]
}

/**
 * A batch of the fresh side against a baseline that was counted before. Half of `alpha` bounds the baseline's rate from above (Chernoff, by relative
 * entropy), the other half is left for the test against that bound; `isWorse` asks for both together.
 */
export function addToBaseline(seen: Sequential, baseline: Count, fresh: Count, alpha: number): Sequential {
  const limit = upperRate(baseline, alpha / 2)
  // Learnt from the batches before, beginning at the bound with the weight of one failure.
  const bet = (seen.fresh.failed + 1) / (seen.fresh.total + 1 / limit)
  const rate = Math.min(Math.max(limit, bet), 1 - 1e-9)
  const gain = fresh.failed * Math.log(rate / limit) + (fresh.total - fresh.failed) * Math.log((1 - rate) / (1 - limit))
  const evidence = seen.evidence + (limit >= 1 ? 0 : gain)
  return { old: baseline, fresh: plus(seen.fresh, fresh), evidence, most: Math.max(seen.most, evidence) }
}

/** The rate that so few failures would be unlikely (`delta`) under. */
export function upperRate({ total, failed }: Count, delta: number): number {
  if (total === 0) return 1
  const share = failed / total
  let [low, high] = [share, 1]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (total * divergence(share, middle) > Math.log(1 / delta)) high = middle
    else low = middle
  }
  return high
}

function divergence(p: number, q: number): number {
  const part = (a: number, b: number) => (a === 0 ? 0 : a * Math.log(a / b))
  return part(p, q) + part(1 - p, 1 - q)
}

/** The chance that equal sides would ever have looked like this: an always-valid p-value. */
export function chance(seen: Sequential): number {
  return Math.min(1, Math.exp(-seen.most))
}

export function isWorse(seen: Sequential, alpha: number): boolean {
  return chance(seen) <= alpha
}

function plus(a: Count, b: Count): Count {
  return { total: a.total + b.total, failed: a.failed + b.failed }
}

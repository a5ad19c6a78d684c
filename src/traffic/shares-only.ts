/** The control of a proxy that is only told shares: it tells nothing of its sides, and drains none. Knows no proxy. */
import { ChangeoverError } from '../core/errors.ts'
import type { Shares, TrafficWriter } from '../core/ports/index.ts'
import { namedIn } from './shares.ts'

/** What such a proxy can do. `name` is that of a route there is, but for `shift`, which looks by itself. */
export interface SharesOnly {
  /** Who cannot drain, as a message says it. */
  readonly who: string
  /** What to do instead. */
  readonly instead: string
  shares(name: string): Promise<Shares>
  shift(name: string, shares: Shares): Promise<Shares>
}

/** Every question names a route: one that is not there is `plan.unknown-target`, and to drain a side is `target.failed`. */
export function sharesOnly(routes: { readonly [name: string]: unknown }, proxy: SharesOnly): TrafficWriter {
  const known = (name: string): void => void namedIn(routes, name, 'route')
  const cannot = async (name: string): Promise<never> => {
    known(name)
    throw new ChangeoverError('target.failed', `${proxy.who} cannot drain a side of route "${name}"`, proxy.instead)
  }
  return {
    shares: async (name) => (known(name), proxy.shares(name)),
    sides: async (name) => (known(name), {}),
    counts: async (name) => (known(name), {}),
    shift: (name, shares) => proxy.shift(name, shares),
    drain: cannot,
    ready: cannot,
  }
}

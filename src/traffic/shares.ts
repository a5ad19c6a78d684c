/** Shares as values: compared, shown, and looked at for what is wrong with them. */
import type { Shares } from '../core/ports/index.ts'
import { ChangeoverError, suggestion } from '../core/errors.ts'

/** All of a route's traffic: 100 %, in hundredths of a percent. */
export const whole = 10_000

/** What is wrong with shares for a route that has these sides, in words; undefined when nothing is. */
export function wrongShares(shares: Shares, sides: readonly string[]): string | undefined {
  for (const side of Object.keys(shares))
    if (!sides.includes(side)) return `there is no side "${side}"${suggestion(side, sides)}; there are ${list(sides)}`
  for (const side of sides) {
    const share = shares[side]
    if (share === undefined) return `side "${side}" is given no share; 0 is one`
    if (!Number.isInteger(share) || share < 0 || share > whole)
      return `the share of "${side}" is ${share}, not a whole number of hundredths of a percent from 0 to ${whole}`
  }
  const sum = total(Object.values(shares))
  return sum === whole ? undefined : `the shares are ${sum} in all, not ${whole}`
}

/** Throws `plan.invalid` for shares that a route with these sides cannot have. */
export function mustBeWhole(route: string, shares: Shares, sides: readonly string[]): void {
  const wrong = wrongShares(shares, sides)
  if (wrong === undefined) return
  throw new ChangeoverError(
    'plan.invalid',
    `the shares of route "${route}" cannot be so: ${wrong}`,
    `give every side of ${list(sides)} a share in hundredths of a percent, ${whole} in all`,
  )
}

/** What has a name in a table of routes, sides or servers. `where` ends the message: ` of route "web"`. Throws `plan.unknown-target`. */
export function namedIn<T>(table: { readonly [name: string]: T }, name: string, what: string, where = ''): T {
  if (Object.hasOwn(table, name)) return table[name]!
  const known = Object.keys(table)
  throw new ChangeoverError(
    'plan.unknown-target',
    `there is no ${what} "${name}"${where}${suggestion(name, known)}`,
    `name one of ${list(known)}`,
  )
}

export function sameShares(a: Shares, b: Shares): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((side) => a[side] === b[side])
}

/** `v1 90 %, v2 10 %` */
export function showShares(shares: Shares): string {
  return Object.entries(shares)
    .map(([side, share]) => `${side} ${share / 100} %`)
    .join(', ')
}

/** Parts as shares that are 10,000 in all, by largest remainder; all parts zero is all shares zero. */
export function inShares(parts: readonly number[]): readonly number[] {
  const sum = total(parts)
  return sum === 0 ? parts.map(() => 0) : apportion(parts, sum, whole)
}

/** Shares `seats` among parts by largest remainder; of equal remainders the earlier wins. */
export function apportion(parts: readonly number[], sum: number, seats: number): readonly number[] {
  const given = parts.map((part) => Math.floor((part * seats) / sum))
  const left = seats - total(given)
  const byRemainder = parts
    .map((part, index) => ({ index, rest: (part * seats) % sum }))
    .sort((a, b) => b.rest - a.rest || a.index - b.index)
  for (const { index } of byRemainder.slice(0, left)) given[index] = given[index]! + 1
  return given
}

export function total(parts: readonly number[]): number {
  return parts.reduce((sum, part) => sum + part, 0)
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

/** Amounts as people write them: `16GB`, `1.5 TiB`, `10Gbps`, `2-4 hours`. `GB` is 10⁹ bytes, `GiB` 2³⁰. */

const prefixes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  p: 1e15,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
  pi: 2 ** 50,
}
const minutes: Readonly<Record<string, number>> = {
  s: 1 / 60,
  sec: 1 / 60,
  second: 1 / 60,
  m: 1,
  min: 1,
  minute: 1,
  h: 60,
  hour: 60,
  d: 1440,
  day: 1440,
  w: 10_080,
  week: 10_080,
}

/** Bytes; a number is bytes already. Undefined when it is no amount. */
export function bytesOf(amount: string | number): number | undefined {
  if (typeof amount === 'number') return amount
  const found = /^\s*(\d+(?:\.\d+)?)\s*([kmgtp]i?)?(?:b|bytes?)?\s*$/i.exec(amount)
  return found ? Number(found[1]) * prefixes[(found[2] ?? '').toLowerCase()]! : undefined
}

/** Bits a second; a number is that already. `Gbps`, `Gbit/s` and `Gb/s` are bits, `GB/s` and `MBps` are bytes. */
export function bitsPerSecondOf(amount: string | number): number | undefined {
  if (typeof amount === 'number') return amount
  const found = /^\s*(\d+(?:\.\d+)?)\s*([kmgtpKMGTP]i?)?(b|B|bit|bits|Bytes?)(?:ps|\/s|\/sec)\s*$/.exec(amount)
  if (!found) return undefined
  return Number(found[1]) * prefixes[(found[2] ?? '').toLowerCase()]! * (found[3]!.startsWith('B') ? 8 : 1)
}

/** The least and the most minutes in `2-4 hours`, `90 minutes`, `15_minutes`, `none`; a number is minutes. Undefined when it is no time. */
export function minutesOf(amount: string | number): { readonly least: number; readonly most: number } | undefined {
  if (typeof amount === 'number') return { least: amount, most: amount }
  if (/^\s*(none|no|0)\s*$/i.test(amount)) return { least: 0, most: 0 }
  const found = /^\s*(\d+(?:\.\d+)?)(?:\s*(?:-|–|to)\s*(\d+(?:\.\d+)?))?[\s_]*([a-z]+?)s?\s*$/i.exec(amount)
  const unit = found && minutes[found[3]!.toLowerCase()]
  return found && unit !== undefined
    ? { least: Number(found[1]) * unit!, most: Number(found[2] ?? found[1]) * unit! }
    : undefined
}

/** `16.0 GB`, for a message. */
export function showBytes(bytes: number): string {
  return shown(bytes, 'B')
}

export function showBits(bits: number): string {
  return shown(bits, 'bps')
}

function shown(amount: number, unit: string): string {
  const prefix = ['P', 'T', 'G', 'M', 'k'].find((each) => amount >= prefixes[each.toLowerCase()]!) ?? ''
  const value = amount / prefixes[prefix.toLowerCase()]!
  return `${Number(value.toFixed(1))} ${prefix}${unit}`
}

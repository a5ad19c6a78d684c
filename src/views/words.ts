/** Figures as people read them: counts, bytes, durations, times of day. Knows no locale and no clock; times are shown in UTC. */

/** `1234567` as `1,234,567`. Written out, because loading the locale data costs more than a whole `status`. */
export function count(value: number): string {
  const [whole = '', part] = String(Math.abs(value) < 10 ? Math.round(value * 10) / 10 : Math.round(value)).split('.')
  return whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',') + (part === undefined ? '' : `.${part}`)
}

/** `1 row`, `2 rows`: the plural is the singular and an `s`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** Powers of 1000, as disks and networks are sold. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let at = 0
  let left = value
  while (left >= 999.5 && at < units.length - 1) {
    left /= 1000
    at += 1
  }
  return `${count(left)} ${units[at]}`
}

/** Milliseconds in at most two units: `80 ms`, `1.4 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${Math.round(ms / 100) / 10} s`
  const steps = [
    { ms: 86_400_000, name: 'd', of: 'h', part: 3_600_000 },
    { ms: 3_600_000, name: 'h', of: 'min', part: 60_000 },
    { ms: 60_000, name: 'min', of: 's', part: 1000 },
  ]
  const seconds = Math.round(ms / 1000) * 1000
  const unit = steps.find((each) => seconds >= each.ms)
  if (!unit) return `${seconds / 1000} s`
  const whole = Math.floor(seconds / unit.ms)
  const rest = Math.floor((seconds - whole * unit.ms) / unit.part)
  return rest === 0 ? `${whole} ${unit.name}` : `${whole} ${unit.name} ${rest} ${unit.of}`
}

export function rate(perSecond: number, unit: string): string {
  return `${count(perSecond)} ${unit}/s`
}

/** Milliseconds since 1970 of an ISO time. */
export function millis(at: string): number {
  return Date.parse(at)
}

/** `03:12:47` of an ISO time in UTC. */
export function timeOfDay(at: string): string {
  return at.slice(11, 19)
}

/** `2026-11-21 03:12:47 UTC` of an ISO time in UTC. */
export function moment(at: string): string {
  return `${at.slice(0, 10)} ${timeOfDay(at)} UTC`
}

export function percent(share: number): string {
  return `${Math.floor(share * 100)} %`
}

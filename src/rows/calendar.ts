/** Days and microseconds since 2000-01-01, as the server sends them, to ISO text and back. No Date: it knows no microseconds and no year 20000. */

const microsPerDay = 86_400_000_000n
const farFuture = 0x7fffffff
const farPast = -0x80000000
const lastMoment = 0x7fffffffffffffffn
const firstMoment = -0x8000000000000000n

/** Days from civil and back: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". Day 0 is 2000-01-01. */
function civil(days: number): string {
  const z = days + 730_425
  const era = Math.floor(z / 146_097)
  const doe = z - era * 146_097
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365)
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100))
  const mp = Math.floor((5 * doy + 2) / 153)
  const day = doy - Math.floor((153 * mp + 2) / 5) + 1
  const month = mp < 10 ? mp + 3 : mp - 9
  const year = yoe + era * 400 + (month <= 2 ? 1 : 0)
  const shown = year > 0 ? year : 1 - year
  return `${pad(shown, 4)}-${pad(month, 2)}-${pad(day, 2)}${year > 0 ? '' : ' BC'}`
}

function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yoe = y - era * 400
  const doy = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const doe = yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy
  return era * 146_097 + doe - 730_425
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

export function dateText(days: number): string {
  return days === farFuture ? 'infinity' : days === farPast ? '-infinity' : civil(days)
}

/** Days since 2000-01-01, or undefined where the text is no date. */
export function dateDays(text: string): number | undefined {
  if (text === 'infinity') return farFuture
  if (text === '-infinity') return farPast
  const read = /^(\d{4,7})-(\d\d)-(\d\d)( BC)?$/.exec(text)
  return read ? checkedDays(Number(read[1]), Number(read[2]), Number(read[3]), read[4] !== undefined) : undefined
}

function checkedDays(shown: number, month: number, day: number, bc: boolean): number | undefined {
  const year = bc ? 1 - shown : shown
  const days = daysOf(year, month, day)
  return civil(days) === `${pad(shown, 4)}-${pad(month, 2)}-${pad(day, 2)}${bc ? ' BC' : ''}` ? days : undefined
}

/** Microseconds since 2000-01-01 UTC as the server's to_json spells them: `2024-05-06T07:08:09.123456+00:00`, without the zone where there is none. */
export function momentText(micros: bigint, zone: boolean): string {
  if (micros === lastMoment) return 'infinity'
  if (micros === firstMoment) return '-infinity'
  const days = micros >= 0n ? micros / microsPerDay : -((-micros + microsPerDay - 1n) / microsPerDay)
  const rest = Number(micros - days * microsPerDay)
  const seconds = Math.floor(rest / 1_000_000)
  const fraction = rest % 1_000_000
  const clock = `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`
  const [day, era] = civil(Number(days)).split(' ')
  const part = fraction === 0 ? '' : `.${pad(fraction, 6).replace(/0+$/, '')}`
  return `${day}T${clock}${part}${zone && era === undefined ? '+00:00' : ''}${era === undefined ? '' : ` ${era}`}`
}

const moment =
  /^(\d{4,7})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?( BC)?$/

/** Microseconds since 2000-01-01 UTC, or undefined. A text without a zone is UTC; more digits than six are rounded, as the server does. */
export function momentMicros(text: string, zone: boolean): bigint | undefined {
  if (text === 'infinity') return lastMoment
  if (text === '-infinity') return firstMoment
  const read = moment.exec(text)
  if (!read) return undefined
  const days = checkedDays(Number(read[1]), Number(read[2]), Number(read[3]), read[9] !== undefined)
  const [hour, minute, second] = [Number(read[4] ?? 0), Number(read[5] ?? 0), Number(read[6] ?? 0)]
  if (days === undefined || hour > 24 || minute > 59 || second > 60) return undefined
  const seconds = hour * 3600 + minute * 60 + second - (zone ? offset(read[8]) : 0)
  const fraction = nearest(Number(`0.${read[7] ?? ''}`) * 1e6)
  return BigInt(days) * microsPerDay + BigInt(seconds) * 1_000_000n + BigInt(fraction)
}

/** To the even neighbour where it lies between two. */
function nearest(value: number): number {
  const near = Math.round(value)
  return near - value === 0.5 && near % 2 !== 0 ? near - 1 : near
}

function offset(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const [hours = 0, minutes = 0, seconds = 0] = (zone.slice(1).replaceAll(':', '').match(/\d\d/g) ?? []).map(Number)
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
}

/** Lengths of time as people write them: `7d`, `48h`, `1h30m`, `500ms`. Knows no clock. */

const unitMs: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Milliseconds, or undefined where the text is no duration. Units from long to short, each at most once: `1d12h`. */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined
  const sizes = parts.map(([, , unit = '']) => unitMs[unit] ?? 0)
  if (sizes.some((size, index) => index > 0 && size >= sizes[index - 1]!)) return undefined
  const ms = parts.reduce((sum, [, figure], index) => sum + Number(figure) * sizes[index]!, 0)
  return Number.isFinite(ms) ? ms : undefined
}

/** What to write instead of a text that is none. */
export const durationWords = 'a duration such as "7d", "48h", "1h30m" or "500ms"'

/** How long a duration lasts in a rehearsal that runs `by` times faster: whole milliseconds, at least one. */
export function compressed(ms: number, by: number): number {
  return Math.max(1, Math.round(ms / by))
}

/** For people, in at most two units, whole seconds rounded up: `300 ms`, `90 s`, `5 min 0 s`, `3 h 20 min`, `7 d 0 h`. */
export function showDuration(ms: number): string {
  if (ms > 0 && ms < 1000) return `${ms} ms`
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

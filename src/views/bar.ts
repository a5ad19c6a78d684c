/** Bars of text. Knows nothing but shares between 0 and 1. */

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** `share` of `width` columns, to an eighth of a column. */
export function bar(share: number, width: number): string {
  const filled = Math.min(1, Math.max(0, share)) * width
  const whole = Math.floor(filled)
  const rest = eighths[Math.floor((filled - whole) * 8)] ?? ''
  const drawn = '█'.repeat(whole) + rest
  return drawn + '░'.repeat(width - whole - (rest === '' ? 0 : 1))
}

/** A bar that begins at `from` and ends at `to`, at least one column long: a line of a timeline. */
export function stretch(from: number, to: number, width: number): string {
  const start = Math.min(width - 1, Math.round(from * width))
  const length = Math.max(1, Math.round(to * width) - start)
  return '·'.repeat(start) + '█'.repeat(length) + '·'.repeat(Math.max(0, width - start - length))
}

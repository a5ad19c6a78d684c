/** `matches`: a pattern as Go writes it (RE2), as far as JavaScript means the same by it. */

/** What only one of the two understands: looking around, references back. */
const foreign = /\(\?(?:[=!]|<[=!])|\\[1-9k]/

/** Undefined where it is no pattern, or none that both read alike. */
export function patternOf(text: string): RegExp | undefined {
  if (foreign.test(text.replaceAll('\\\\', ''))) return undefined
  const flags = /^\(\?([ims]+)\)/.exec(text)
  const plain = text
    .slice(flags?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    // Go lets every sign be escaped, JavaScript those that mean something.
    .replace(/\\([^\w\s])/g, (whole, sign: string) =>
      '^$\\.*+?()[]{}|/'.includes(sign) ? whole : `\\u{${sign.codePointAt(0)!.toString(16)}}`,
    )
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$')
  try {
    return new RegExp(plain, `u${[...new Set(flags?.[1] ?? '')].join('')}`)
  } catch {
    return undefined
  }
}

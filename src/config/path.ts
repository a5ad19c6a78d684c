/** Paths in a configuration: `api.tls.enabled`, with a part that holds a dot in double quotes: `hosts."a.example".port`. */

/** A dotted path, or its parts. */
export type ConfigPath = string | readonly string[]

/** The parts of a path. An index of a list is a part too: `servers.0.host`. */
export function partsOf(path: ConfigPath): readonly string[] {
  if (typeof path !== 'string') return path
  const parts: string[] = []
  for (let at = 0; at <= path.length;) {
    const quoted = /^"(?:[^"\\]|\\.)*"(?=\.|$)/.exec(path.slice(at))?.[0]
    const part = quoted ?? /^[^.]*/.exec(path.slice(at))![0]
    parts.push(quoted === undefined ? part : unquoted(quoted))
    at += part.length + 1
  }
  return parts
}

/** The dotted path of parts: what `partsOf` takes apart again. */
export function dotted(parts: readonly string[]): string {
  return parts.map((part) => (part === '' || /[."]/.test(part) ? JSON.stringify(part) : part)).join('.')
}

/** True when `path` is `prefix` or below it. */
export function isBelow(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.length <= path.length && prefix.every((part, i) => part === path[i])
}

/** True when both lead to the same place. */
export function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && isBelow(a, b)
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}

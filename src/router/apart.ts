/** Where two states differ, by path. Numbers, texts, lists, objects, maps, sets, dates, big integers and bytes. */

/** JSON pointers (RFC 6901) of the first `most` differences; a star stands for the items of a list or map, so that a thousand rows are one line. */
export function pathsApart(a: unknown, b: unknown, most = 20): readonly string[] {
  const found = new Set<string>()
  walk(a, b, '', found, most)
  return [...found]
}

function walk(a: unknown, b: unknown, path: string, found: Set<string>, most: number): void {
  if (found.size >= most || Object.is(a, b)) return
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) found.add(path === '' ? '/*' : `${path}/*`)
    for (let at = 0; at < Math.min(a.length, b.length); at++) walk(a[at], b[at], `${path}/*`, found, most)
  } else if (a instanceof Map && b instanceof Map) {
    for (const key of new Set([...a.keys(), ...b.keys()])) walk(a.get(key), b.get(key), `${path}/*`, found, most)
  } else if (a instanceof Set && b instanceof Set) {
    if (a.size !== b.size || ![...a].every((item) => b.has(item))) found.add(`${path}/*`)
  } else if (a instanceof Date && b instanceof Date) {
    if (a.getTime() !== b.getTime()) found.add(path)
  } else if (a instanceof Uint8Array && b instanceof Uint8Array) {
    if (Buffer.compare(a, b) !== 0) found.add(path)
  } else if (isFields(a) && isFields(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)]))
      walk(a[key], b[key], `${path}/${escaped(key)}`, found, most)
  } else found.add(path)
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Map || value instanceof Set || value instanceof Date || value instanceof Uint8Array)
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

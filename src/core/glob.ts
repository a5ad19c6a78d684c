/** What a glob of the files port means: `**` any folders, `*` any part of a name, `?` one character. Names with a leading dot match too. Pure. */

/** Whether any of the globs names the file. */
export function matchesAny(path: string, globs: readonly string[]): boolean {
  const names = path.split('/')
  return globs.some((glob) => matches(names, glob.split('/')))
}

/** Whether a file below the folder could match: other folders need not be read. */
export function mayHold(folder: string, globs: readonly string[]): boolean {
  const names = folder.split('/')
  return globs.some((glob) => leads(names, glob.split('/')))
}

function matches(names: readonly string[], glob: readonly string[]): boolean {
  const [head, ...rest] = glob
  if (head === undefined) return names.length === 0
  if (head === '**') {
    if (rest.length === 0) return names.length > 0
    return names.some((_, index) => matches(names.slice(index), rest))
  }
  const [name, ...deeper] = names
  return name !== undefined && part(head).test(name) && matches(deeper, rest)
}

function leads(names: readonly string[], glob: readonly string[]): boolean {
  for (const [index, name] of names.entries()) {
    const pattern = glob[index]
    if (pattern === '**') return true
    if (pattern === undefined || index === glob.length - 1 || !part(pattern).test(name)) return false
  }
  return true
}

function part(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's')
}

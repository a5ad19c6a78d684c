/** The tables that HAProxy prints, read by the names in their headers: columns are added between versions. */
import { ChangeoverError } from '../../core/errors.ts'

/** A row of a table, by column name; an empty text where the row has nothing there. */
export type Line = { readonly [column: string]: string }

/** `show stat`: CSV with a header that begins with "# ". */
export function readStatistics(text: string): readonly Line[] {
  const [header, ...rows] = text.split('\n').filter((line) => line.trim() !== '')
  if (!header?.startsWith('# ')) throw unreadable('show stat', header)
  const names = cells(header.slice(2))
  return rows.map((row) => {
    const values = cells(row)
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
  })
}

/** `show servers state`: a version, a header that begins with "# ", columns apart by blanks. */
export function readServerStates(text: string): readonly Line[] {
  const [version, header, ...rows] = text.split('\n').filter((line) => line.trim() !== '')
  if (version?.trim() !== '1' || !header?.startsWith('# ')) throw unreadable('show servers state', version)
  const names = header.slice(2).trim().split(/\s+/)
  return rows.map((row) => {
    const values = row.trim().split(/\s+/)
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
  })
}

/** `show map FILE`: an address, the key, the value, which may hold blanks. */
export function readMap(text: string): ReadonlyMap<string, string> {
  const found = text.split('\n').flatMap((line) => {
    const [, key, value] = /^0x[0-9a-f]+ (\S+) (.*)$/.exec(line.trim()) ?? []
    return key === undefined ? [] : [[key, value ?? ''] as const]
  })
  return new Map(found)
}

/** A field in quotes doubles those inside it. */
function cells(line: string): readonly string[] {
  const found: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/y
  while (field.lastIndex < line.length) {
    const match = field.exec(line)
    if (!match) break
    found.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
  }
  return found
}

function unreadable(command: string, line: string | undefined): ChangeoverError {
  return new ChangeoverError(
    'target.failed',
    `HAProxy answers "${command}" with what is not that table: ${line === undefined ? 'nothing' : `"${line.slice(0, 80)}"`}`,
    'see that the socket is the runtime socket of HAProxy 2.4 or newer',
  )
}

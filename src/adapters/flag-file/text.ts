/** The text of a flag file: read with the place of every fault, edited so that all other bytes stay. Knows no file system. */
import {
  applyEdits,
  type FormattingOptions,
  modify,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import { ChangeoverError } from '../../core/errors.ts'
import { canonical, equal, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { readFlags } from '../../flags/index.ts'

export type Changes = { readonly [flag: string]: JsonObject | null }

/** The document. Throws `flags.invalid`, naming line and column, or the flag that is not in shape. */
export function documentOf(text: string, file: string): JsonObject {
  const faults: ParseError[] = []
  parseTree(text, faults, { disallowComments: true, allowTrailingComma: false })
  const document = faults.length === 0 ? parsed(text) : undefined
  if (document === undefined) throw syntaxFault(text, file, faults[0])
  try {
    return readFlags(document).document
  } catch (error) {
    if (!(error instanceof ChangeoverError)) throw error
    throw new ChangeoverError(error.code, `flag file "${file}": ${error.message}`, error.help, { data: error.data })
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function syntaxFault(text: string, file: string, fault: ParseError | undefined): ChangeoverError {
  const before = text.slice(0, fault?.offset ?? text.length).split('\n')
  const words = fault === undefined ? 'no JSON' : printParseErrorCode(fault.error).replaceAll(/(?<=.)([A-Z])/g, ' $1')
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
  return new ChangeoverError(
    'flags.invalid',
    `flag file "${file}" cannot be read at ${place}: ${words.toLowerCase()}`,
    'mend the JSON there; programs keep the last flags that could be read',
    { data: { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 } },
  )
}

/** The text with these flags in place of the ones there; members of a flag that stay keep their bytes. */
export function edited(text: string, changes: Changes, file: string): string {
  const document = documentOf(text, file)
  const formattingOptions = formatOf(text)
  let now = text
  for (const [flag, value] of Object.entries(changes)) {
    for (const [path, member] of editsOf(document, flag, value))
      now = applyEdits(now, modify(now, [...path], member, { formattingOptions }))
  }
  // A file with a key twice would be edited at the one that nobody reads.
  if (!equal(documentOf(now, file), wanted(document, changes))) {
    const names = Object.keys(changes).map((name) => `"${name}"`)
    const message = `flag file "${file}" cannot take the change of ${names.join(', ')}: a key in it is there twice`
    throw new ChangeoverError('flags.invalid', message, 'leave each key in the file once')
  }
  return now
}

function editsOf(
  document: JsonObject,
  flag: string,
  value: JsonObject | null,
): [readonly string[], Json | undefined][] {
  const flags = document['flags']
  const old = isObject(flags) && Object.hasOwn(flags, flag) ? flags[flag] : undefined
  if (value === null) return old === undefined ? [] : [[['flags', flag], undefined]]
  if (!isObject(old)) return [[['flags', flag], value]]
  const members = [...new Set([...Object.keys(old), ...Object.keys(value)])]
  return members
    .filter((name) => textOf(old[name]) !== textOf(value[name]))
    .map((name) => [['flags', flag, name], value[name]])
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : canonical(value)
}

function wanted(document: JsonObject, changes: Changes): JsonObject {
  const flags = Object.entries(changes).reduce<JsonObject>(
    (now, [flag, value]) => {
      const { [flag]: _, ...rest } = now
      return value === null ? rest : { ...rest, [flag]: value }
    },
    isObject(document['flags']) ? document['flags'] : {},
  )
  return { ...document, flags }
}

/** As the file is written: its line ends, and its first indent. */
function formatOf(text: string): FormattingOptions {
  const indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '
  const insertSpaces = !indent.startsWith('\t')
  return { insertSpaces, tabSize: insertSpaces ? indent.length : 2, eol: text.includes('\r\n') ? '\r\n' : '\n' }
}

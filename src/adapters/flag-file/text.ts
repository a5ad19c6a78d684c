/** The text of a flag file: read with the place of every fault, edited so that all other bytes stay. Knows no file system. */
import {
  applyEdits,
  type Edit,
  findNodeAtLocation,
  type FormattingOptions,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import { ChangeoverError } from '../../core/errors.ts'
import { canonical, equal, isObject, type Json, type JsonObject, own } from '../../core/json.ts'
import { readFlags } from '../../flags/index.ts'
import { editedYaml, isYaml, valueOfYaml } from './yaml-text.ts'

export type Changes = { readonly [flag: string]: JsonObject | null }

/** The document. Throws `flags.invalid`, naming line and column, or the flag that is not in shape. */
export function documentOf(text: string, file: string): JsonObject {
  const document = isYaml(file) ? valueOfYaml(text, file) : valueOfJson(text, file)
  try {
    return readFlags(document).document
  } catch (error) {
    if (!(error instanceof ChangeoverError)) throw error
    throw new ChangeoverError(error.code, `flag file "${file}": ${error.message}`, error.help, { data: error.data })
  }
}

function valueOfJson(text: string, file: string): Json {
  const faults: ParseError[] = []
  parseTree(text, faults, { disallowComments: true, allowTrailingComma: false })
  const document = faults.length === 0 ? parsed(text) : undefined
  if (document === undefined) throw syntaxFault(text, file, faults[0])
  return document
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
  const goal = wanted(document, changes)
  const now = isYaml(file) ? editedYaml(text, goal['flags'] as JsonObject, file) : editedJson(text, document, changes)
  // A file with a key twice would be edited at the one that nobody reads.
  if (!equal(documentOf(now, file), goal)) {
    const names = Object.keys(changes).map((name) => `"${name}"`)
    const message = `flag file "${file}" cannot take the change of ${names.join(', ')}: a key in it is there twice`
    throw new ChangeoverError('flags.invalid', message, 'leave each key in the file once')
  }
  return now
}

function editedJson(text: string, document: JsonObject, changes: Changes): string {
  const formattingOptions = formatOf(text)
  const edits = Object.entries(changes).flatMap(([flag, value]) => editsOf(document, flag, value))
  const { text: scalars, left } = withScalars(text, edits)
  let now = scalars
  for (const [path, member] of left) now = applyEdits(now, modify(now, [...path], member, { formattingOptions }))
  return now
}

type MemberEdit = readonly [path: readonly string[], member: Json | undefined]

/** Scalars in place of scalars, all in one reading: a switch for thousands of flags must not wait for thousands of readings. */
function withScalars(text: string, edits: readonly MemberEdit[]): { text: string; left: readonly MemberEdit[] } {
  const root = parseTree(text)
  const flags = membersOf(root && findNodeAtLocation(root, ['flags']))
  const splices: Edit[] = []
  const left: MemberEdit[] = []
  for (const edit of edits) {
    const [[, flag = '', name = ''], member] = edit
    const place = membersOf(flags.get(flag)).get(name)
    if (place === undefined || place.children !== undefined || member === undefined || typeof member === 'object')
      left.push(edit)
    else splices.push({ offset: place.offset, length: place.length, content: JSON.stringify(member) })
  }
  splices.sort((one, other) => one.offset - other.offset)
  let end = 0
  const pieces = splices.flatMap(({ offset, length, content }) => {
    const piece = [text.slice(end, offset), content]
    end = offset + length
    return piece
  })
  return { text: [...pieces, text.slice(end)].join(''), left }
}

/** Of a key that is there twice the first: not the one that is read, so that the edit is refused. */
function membersOf(node: Node | undefined): ReadonlyMap<string, Node> {
  const members = node?.type === 'object' ? (node.children ?? []).toReversed() : []
  return new Map(members.map(({ children }) => [children![0]!.value as string, children![1]!]))
}

function editsOf(document: JsonObject, flag: string, value: JsonObject | null): readonly MemberEdit[] {
  const flags = document['flags']
  const old = isObject(flags) && Object.hasOwn(flags, flag) ? flags[flag] : undefined
  if (value === null) return old === undefined ? [] : [[['flags', flag], undefined]]
  if (!isObject(old)) return [[['flags', flag], value]]
  const members = [...new Set([...Object.keys(old), ...Object.keys(value)])]
  return members
    .filter((name) => textOf(own(old, name)) !== textOf(own(value, name)))
    .map((name) => [['flags', flag, name], own(value, name)] as const)
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : canonical(value)
}

function wanted(document: JsonObject, changes: Changes): JsonObject {
  const flags = new Map(Object.entries(isObject(document['flags']) ? document['flags'] : {}))
  for (const [flag, value] of Object.entries(changes)) {
    if (value === null) flags.delete(flag)
    else flags.set(flag, value)
  }
  return { ...document, flags: Object.fromEntries(flags) }
}

/** As the file is written: its line ends, and its first indent. */
function formatOf(text: string): FormattingOptions {
  const indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '
  const insertSpaces = !indent.startsWith('\t')
  return { insertSpaces, tabSize: insertSpaces ? indent.length : 2, eol: text.includes('\r\n') ? '\r\n' : '\n' }
}

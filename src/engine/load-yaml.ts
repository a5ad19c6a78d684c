/** Text of a plan in YAML as a value, with the line of every path in it. Knows no shape. */
import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Document, LineCounter } from 'yaml'
import { ChangeoverError } from '../core/errors.ts'
import type { Path } from '../core/shape.ts'

/** A plan is written by people: what is larger was named by mistake, and would take minutes to read. */
const mostBytes = 4 * 1024 * 1024

export interface PlanText {
  readonly value: unknown
  /** The line, from 1, of what stands at a path, or of the nearest thing around it. */
  readonly lineOf: (path: Path) => number | undefined
}

/** `!file ./up.sql` stands for the text of that file, so that an edit of it is an edit of the plan. Throws `plan.invalid`, `plan.not-found`. */
export async function readYaml(file: string): Promise<PlanText> {
  const { LineCounter, parseDocument } = await import('yaml')
  const named: string[] = []
  const gather = { tag: '!file', resolve: (path: string) => (named.push(path), path) }
  const text = await readText(file)
  const complaints = parseDocument(text, { customTags: [gather] }).errors
  if (complaints.length > 0) {
    const lines = complaints.map(
      (each) =>
        `${basename(file)}: line ${each.linePos?.[0].line ?? '?'}: ${(each.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')}`,
    )
    throw new ChangeoverError('plan.invalid', lines.slice(0, 5).join('\n'), 'mend the YAML at that line')
  }
  const texts = new Map<string, string>()
  for (const path of named) texts.set(path, await readNamed(file, path))
  const fill = { tag: '!file', resolve: (path: string) => texts.get(path) ?? '' }
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { customTags: [fill], lineCounter })
  return { value: valueOf(document, file), lineOf: (path) => lineAt(document, lineCounter, path) }
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new ChangeoverError(
      'plan.not-found',
      `the plan file cannot be read: ${why}`,
      'name a file that can be read',
      {
        cause: error,
      },
    )
  })
  const refuse = (why: string): ChangeoverError =>
    new ChangeoverError(
      'plan.invalid',
      `${basename(file)}: ${why}`,
      'name a plan file; `changeover init` writes a first one',
    )
  if (bytes.length > mostBytes)
    throw refuse(
      `${(bytes.length / 1024 / 1024).toFixed(1)} MB is no plan; a plan has at most ${mostBytes / 1024 / 1024} MB`,
    )
  if (bytes.includes(0)) throw refuse('it is binary, not text')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.trim() === '') throw refuse('the file is empty')
    return text
  } catch (error) {
    throw error instanceof ChangeoverError ? error : refuse('it is not text in UTF-8')
  }
}

function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS() as unknown
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ChangeoverError('plan.invalid', `${basename(file)}: ${why}`, 'use fewer aliases (`*name`)', {
      cause: error,
    })
  }
}

/** Where a path leads to nothing, what holds the place answers: a missing key has the line of its map. */
function lineAt(document: Document, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const start = startOf(document, path.slice(0, length))
    if (start !== undefined) return lines.linePos(start).line
  }
  return undefined
}

interface Node {
  readonly range?: readonly [number, number, number] | null
  readonly items?: readonly { readonly key?: { readonly value?: unknown; readonly range?: readonly number[] } }[]
}

/** Of a key, the key itself: its value may begin lines below. */
function startOf(document: Document, path: Path): number | undefined {
  const parent = path.length === 0 ? undefined : (document.getIn(path.slice(0, -1), true) as Node | undefined)
  const pair = parent?.items?.find((each) => each?.key?.value === path.at(-1))
  if (pair?.key?.range) return pair.key.range[0]
  const node = document.getIn(path, true) as Node | undefined
  return node?.range?.[0]
}

async function readNamed(file: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(dirname(file), path), 'utf8')
  } catch (error) {
    throw new ChangeoverError(
      'plan.not-found',
      `${basename(file)}: "!file ${path}" cannot be read`,
      'name a file relative to the plan file',
      { cause: error },
    )
  }
}

/** The four laws of a lens on real rows: what is broken is found before anything is written. */
import { type Finding, note, risk } from '../core/finding.ts'
import { isChangeoverError } from '../core/errors.ts'
import type { CompiledLens, Doc } from './lens.ts'
import { parsePath, type Path } from './path.ts'
import { sameRow, sameValue } from './same.ts'
import { childOf, isFields } from './path.ts'
import { JsonText, open } from './json-text.ts'

export interface LawOptions {
  /** The columns that tell rows apart: a finding names their values. */
  readonly key?: readonly string[]
  /** Which side the samples are of; `a` unless said. */
  readonly side?: 'a' | 'b'
  /** What the other side holds now for the sample at this place. */
  readonly other?: (sample: Doc, index: number) => Doc | undefined
  /** At most this many findings; 20 unless said. */
  readonly most?: number
}

interface Sides {
  readonly there: (doc: Doc, was?: Doc) => Doc
  readonly back: (doc: Doc, was?: Doc) => Doc
  readonly lost: readonly string[]
}

/** A finding for each law that a sample breaks and for each sample that is refused: `lens.law-1` … `lens.law-4`, `lens.refused`. */
export function checkLaws(lens: CompiledLens, samples: readonly Doc[], options: LawOptions = {}): readonly Finding[] {
  const ahead = (options.side ?? 'a') === 'a'
  const sides: Sides = ahead
    ? { there: lens.forward, back: lens.backward, lost: lens.lost.forward }
    : { there: lens.backward, back: lens.forward, lost: lens.lost.backward }
  const found: Finding[] = []
  const most = options.most ?? 20
  samples.forEach((sample, i) => {
    if (found.length >= most) return
    const name = nameOf(sample, i, options.key ?? [])
    try {
      found.push(...lawsOf(sides, sample, samples[(i + 1) % samples.length]!, options.other?.(sample, i), name))
    } catch (error) {
      if (!isChangeoverError(error) || error.code !== 'lens.refused') throw error
      found.push(risk('lens.refused', `the lens refuses the row ${name}: ${error.message}`, error.help, { row: name }))
    }
  })
  return found.slice(0, most)
}

function lawsOf(
  { there, back, lost }: Sides,
  a: Doc,
  next: Doc,
  other: Doc | undefined,
  name: string,
): readonly Finding[] {
  const b = there(a, other)
  const found: Finding[] = []
  const broken = (law: number, message: string) =>
    found.push(
      risk(
        `lens.law-${law}`,
        `${message}, for the row ${name}`,
        'look at the operations that name this field, or accept the loss by an "fn" that says so',
        { row: name, law },
      ),
    )
  const kept = back(b, a)
  if (!sameRow(kept, a)) broken(1, `there and back with memory changes ${fieldsApart(kept, a)}`)
  if (!sameRow(there(a, b), b)) broken(2, `doing it again changes ${fieldsApart(there(a, b), b)}`)
  const [direct, over] = [attempt(() => there(next, other)), attempt(() => there(next, b))]
  if (direct && over && !sameRow(over, direct)) {
    found.push(
      note(
        'lens.law-3',
        `a second write leaves a trace of the first in ${fieldsApart(over, direct)}, for the row ${name}`,
        'fields that only the other side has keep what was written first',
        { row: name, law: 3 },
      ),
    )
  }
  const plain = back(there(a))
  const [came, went] = [without(plain, lost), without(a, lost)]
  if (!sameRow(came, went))
    broken(4, `there and back without memory loses more than is said, at ${fieldsApart(came, went)}`)
  return found
}

/** A law about two samples says nothing where one of them is refused. */
function attempt(run: () => Doc): Doc | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}

function fieldsApart(a: Doc, b: Doc): string {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return names
    .filter((name) => !sameValue(a[name] ?? null, b[name] ?? null))
    .map((name) => `"${name}"`)
    .join(', ')
}

function nameOf(row: Doc, index: number, key: readonly string[]): string {
  if (key.length === 0) return `number ${index + 1}`
  return key.map((name) => `${name}=${String(row[name] instanceof JsonText ? row[name].text : row[name])}`).join(', ')
}

/** The document without what is said to be lost. A star stands for every item or field. */
function without(doc: Doc, lost: readonly string[]): Doc {
  return lost.reduce((rest, text) => {
    if (text === '/*') return {}
    const path = text.startsWith('/')
      ? text
          .slice(1)
          .split('/')
          .map((key) => (key === '*' ? '*' : (parsePath(`/${key}`)[0] ?? '')))
      : [text]
    return cut(rest, path) as Doc
  }, doc)
}

function cut(value: unknown, path: Path): unknown {
  const held = open(value)
  const [key, ...rest] = path
  if (key === undefined) return undefined
  if (Array.isArray(held))
    return held.map((item: unknown, i) => (key === '*' || key === String(i) ? cut(item, rest) : item))
  if (!isFields(held)) return value
  const names = key === '*' ? Object.keys(held) : [key]
  const made: Record<string, unknown> = { ...held }
  for (const name of names) {
    const below = childOf(held, name)
    if (below === undefined) continue
    if (rest.length === 0) delete made[name]
    else made[name] = cut(below, rest)
  }
  return made
}

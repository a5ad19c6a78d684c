/** From plain data to planned operations: stars and compositions unfolded, each operation with its two programs. */
import { ChangeoverError } from '../core/errors.ts'
import { type LensData, type Operation, operationKinds, readLens } from './operations.ts'
import { overlaps, type Path, splitAtStar } from './path.ts'
import type { Direction, Edit, Planned, Program, Term } from './program.ts'

/** `at` is the place in the data of the whole lens, for messages. */
export interface Step extends Planned {
  readonly at: number
  readonly op: Operation['op']
}

/** Plans a lens. Throws `lens.invalid`. */
export function planLens(data: LensData): readonly Step[] {
  return readLens(data).flatMap((operation, at) => planOperation(operation).map((step) => ({ ...step, at })))
}

function planOperation(operation: Operation): readonly Omit<Step, 'at'>[] {
  if (operation.op === 'compose') return operation.do.flatMap(planOperation)
  const starred = unfoldStar(operation)
  if (starred) return planOperation(starred)
  return [{ op: operation.op, ...operationKinds[operation.op].plan(operation) }]
}

const pathKeys = ['path', 'from', 'to'] as const

/** A star in a pointer stands for every item: the rest of the path is asked of each. All paths of the operation must go through the same list. */
function unfoldStar(operation: Operation): Operation | undefined {
  const entries = Object.entries(operation).filter(([key]) => (pathKeys as readonly string[]).includes(key))
  const paths = entries.flatMap(([, value]) => (Array.isArray(value) ? (value as string[]) : [String(value)]))
  const split = paths.map(splitAtStar)
  const first = split.find((each) => each !== undefined)
  if (!first) return undefined
  if (
    !split.every((each) => each?.before === first.before) ||
    operation.op === 'object' ||
    operation.op === 'template'
  ) {
    throw new ChangeoverError(
      'lens.invalid',
      `"${operation.op}" has paths that do not go through the same list`,
      'put the operation inside of { op: each, path: …, do: […] }',
    )
  }
  const after = (path: string) => splitAtStar(path)!.after
  const inside = Object.fromEntries(
    entries.map(([key, value]) => [key, Array.isArray(value) ? (value as string[]).map(after) : after(String(value))]),
  )
  return { op: 'each', path: first.before, do: [{ ...operation, ...inside } as Operation] }
}

/** The paths that a program reads of the document it changes. Empty path: everything. */
export function readsOf(program: Program): readonly Path[] {
  return program.flatMap((edit) => {
    if (edit.edit === 'put') return termPaths(edit.value, 'get')
    if (edit.edit === 'when') return [edit.test.path, ...innerPaths(edit, readsOf)]
    if (edit.edit === 'each' || edit.edit === 'value') return [edit.at]
    return edit.edit === 'fields' ? (edit.takes?.map((name) => [name]) ?? [[]]) : []
  })
}

/** The paths that a program writes or takes away. */
export function writesOf(program: Program): readonly Path[] {
  return program.flatMap((edit): readonly Path[] => {
    if (edit.edit === 'put' || edit.edit === 'drop' || edit.edit === 'each' || edit.edit === 'value') return [edit.at]
    if (edit.edit === 'when') return innerPaths(edit, writesOf)
    if (edit.edit === 'fields') return edit.gives ? [...edit.gives, ...(edit.takes ?? [])].map((name) => [name]) : [[]]
    return [[]]
  })
}

/** What a program asks of the other side. */
export function memoryOf(program: Program): readonly Path[] {
  return program.flatMap((edit): readonly Path[] => {
    if (edit.edit === 'put') return termPaths(edit.value, 'was').filter((path) => path.length > 0)
    if (edit.edit === 'drop') return edit.prune ? [edit.at.slice(0, -1)] : []
    if (edit.edit === 'each' || edit.edit === 'value') return [edit.at]
    if (edit.edit === 'when') return [edit.there.path, ...innerPaths(edit, memoryOf)]
    if (edit.edit === 'fields') return edit.gives?.map((name) => [name]) ?? [[]]
    return edit.edit === 'rest' ? [[]] : []
  })
}

/**
 * The later steps of `order` through which the other side is taken back to where step `index` sees it: only those
 * that touch what the step asks for. None where it stands there as it is, which is nearly always.
 */
export function recalling(order: readonly Step[], index: number, direction: Direction): readonly Step[] {
  let asked: readonly Path[] = memoryOf(order[index]![direction])
  if (asked.length === 0) return []
  const opposite = direction === 'forward' ? 'backward' : 'forward'
  const needed: Step[] = []
  for (const later of order.slice(index + 1)) {
    if (!writesOf(later[opposite]).some((path) => asked.some((other) => overlaps(path, other)))) continue
    needed.push(later)
    asked = [...asked, ...readsOf(later[opposite])]
  }
  return needed
}

/** Both programs of both lenses: what they touch in either direction. */
function innerPaths(edit: Extract<Edit, { edit: 'when' }>, of: (program: Program) => readonly Path[]): readonly Path[] {
  return [edit.matched, edit.otherwise].flatMap((lens) =>
    planLens(lens).flatMap((step) => [...of(step.forward), ...of(step.backward)]),
  )
}

function termPaths(term: Term, kind: 'get' | 'was'): readonly Path[] {
  if (term.term === kind) return [term.path]
  if (term.term === 'call') return term.of.flatMap((each) => termPaths(each, kind))
  return term.term === 'object'
    ? [...termPaths(term.over, kind), ...Object.values(term.fields).flatMap((each) => termPaths(each, kind))]
    : []
}

/** Every `./file.ts#name` that the lens needs, each once. */
export function references(data: LensData): readonly string[] {
  const found = data.flatMap((operation): readonly string[] => {
    if (operation.op === 'fn') return [operation.ref]
    if (operation.op === 'each' || operation.op === 'compose') return references(operation.do)
    return operation.op === 'when' ? references([...operation.do, ...(operation.otherwise ?? [])]) : []
  })
  return [...new Set(found)]
}

/** The name of a path's column. */
export function topOf(path: Path): string {
  return path[0] ?? '*'
}

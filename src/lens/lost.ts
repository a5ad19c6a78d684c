/** What does not come back where nothing is remembered, said in the fields of the side it is lost from. */
import type { CompiledLens } from './lens.ts'
import type { LensData } from './operations.ts'
import { parsePath, type Path, pointer, showPath } from './path.ts'
import { planLens, type Step } from './plan.ts'
import type { Direction, Edit, Environment, Program, Term } from './program.ts'

/** A star that stands for every item, told apart from a field of that name. */
const every = '\0*'

export function lostOf(data: LensData, functions: Environment['functions']): CompiledLens['lost'] {
  const show = (paths: readonly Path[]) => [...new Set(paths.map(shown))]
  return {
    forward: show(chainLost(data, 'forward', functions)),
    backward: show(chainLost(data, 'backward', functions)),
  }
}

function shown(path: Path): string {
  const text =
    path.includes(every) || path.length > 1
      ? path.map((key) => (key === every ? '/*' : pointer([key]))).join('')
      : showPath(path)
  return text
}

/** Each step says it in the fields it sees; the steps between it and the side carry the path there. */
function chainLost(data: LensData, direction: Direction, functions: Environment['functions']): readonly Path[] {
  const steps = planLens(data)
  return steps.flatMap((step, i) => {
    const [between, back] =
      direction === 'forward'
        ? [steps.slice(0, i).toReversed(), 'backward' as const]
        : [steps.slice(i + 1), 'forward' as const]
    return stepLost(step, direction, functions).flatMap((path) =>
      between.reduce<readonly Path[]>((paths, next) => paths.flatMap((each) => carry(each, next[back])), [path]),
    )
  })
}

function stepLost(step: Step, direction: Direction, functions: Environment['functions']): readonly Path[] {
  const said = (step.lost?.[direction] ?? []).map((text) => (text === '/*' ? [every] : parsePath(text)))
  return [...said, ...step[direction].flatMap((edit) => editLost(edit, direction, functions))]
}

function editLost(edit: Edit, direction: Direction, functions: Environment['functions']): readonly Path[] {
  if (edit.edit === 'each')
    return chainLost(edit.lens, direction, functions).map((path) => [...edit.at, every, ...path])
  if (edit.edit === 'when')
    return [edit.matched, edit.otherwise].flatMap((lens) => chainLost(lens, direction, functions))
  if (edit.edit !== 'value' && edit.edit !== 'fields') return []
  const below = edit.edit === 'value' ? edit.at : []
  return (functions.get(edit.reference)?.lost?.[direction] ?? []).map((text) => [...below, ...parsePath(text)])
}

/** Where a program takes what stands at a path. */
function carry(path: Path, program: Program): readonly Path[] {
  const moved = program.flatMap((edit) => (edit.edit === 'put' ? sources(edit.value, edit.at) : []))
  const starts = (whole: Path, start: Path) => start.every((key, i) => whole[i] === key)
  const targets = moved.flatMap(({ from, to }) =>
    starts(path, from) ? [[...to, ...path.slice(from.length)]] : starts(from, path) ? [to] : [],
  )
  const dropped = program.some((edit) => edit.edit === 'drop' && starts(path, edit.at))
  return dropped ? targets : [...targets, path]
}

function sources(term: Term, to: Path): readonly { readonly from: Path; readonly to: Path }[] {
  if (term.term === 'get') return [{ from: term.path, to }]
  if (term.term === 'call') return term.of.flatMap((each) => sources(each, to))
  return term.term === 'object' ? Object.entries(term.fields).flatMap(([key, each]) => sources(each, [...to, key])) : []
}

/** Which operations of a lens have nothing to do with each other, so that each group may be done somewhere else. Knows no place. */
import { memoryOf, planLens, readsOf, topOf, writesOf } from './plan.ts'
import type { LensData, Operation } from './operations.ts'

/**
 * The operations in groups that share no column in either direction, each in the order of the lens: the groups may be done in any order, by
 * anyone, and give what the whole gives. A lens with an operation on the whole row is one group.
 */
export function independent(data: LensData): readonly LensData[] {
  let groups: readonly Group[] = []
  data.forEach((operation, at) => {
    const columns = columnsOf(operation)
    const joined = groups.filter((each) => meets(each.columns, columns))
    const merged = {
      columns: new Set([...joined.flatMap((each) => [...each.columns]), ...columns]),
      operations: [...joined.flatMap((each) => each.operations), { at, operation }],
    }
    groups = [...groups.filter((each) => !joined.includes(each)), merged]
  })
  return groups.map(({ operations }) => operations.toSorted((a, b) => a.at - b.at).map(({ operation }) => operation))
}

interface Group {
  readonly columns: ReadonlySet<string>
  readonly operations: readonly { readonly at: number; readonly operation: Operation }[]
}

function meets(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.has('*') || b.has('*') || [...b].some((name) => a.has(name))
}

/** Every column that an operation reads, writes or remembers, in either direction; `*` for all of them. */
function columnsOf(operation: Operation): ReadonlySet<string> {
  const programs = planLens([operation]).flatMap(({ forward, backward }) => [forward, backward])
  const paths = programs.flatMap((program) => [...readsOf(program), ...writesOf(program), ...memoryOf(program)])
  return new Set(paths.map(topOf))
}

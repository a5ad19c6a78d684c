/** The laws of the lens on sampled rows of the table, before anything is written. */
import { type Finding, risk } from '../../../core/finding.ts'
import type { SqlSnapshot } from '../../../core/ports/index.ts'
import { checkLaws } from '../../../lens/index.ts'
import { type Doc, moves, RowPipe, touched } from '../../../rows/index.ts'
import { type Compiled, withoutValues } from './lens.ts'
import { routeOf, type Work } from './work.ts'

/** Rows whose laws are checked, and findings at most. */
const sampleRows = 200
const most = 5

/** `whole`: the lens with what the server does of it. */
export async function brokenLaws(work: Work, whole: Compiled, snapshot: SqlSnapshot): Promise<readonly Finding[]> {
  if (whole.async) return []
  const key = work.layout.key.map(({ name }) => name)
  try {
    return checkLaws(whole.lens, await sampled(work, snapshot), { key, most })
  } catch (error) {
    return [
      risk(
        'rows.lens-fails',
        `the lens cannot be checked on rows of "${work.source}": ${withoutValues(error)}`,
        'mend the function that the lens names',
      ),
    ]
  }
}

/** Documents as the lens will get them, with the key beside, so that a finding can name a row. */
async function sampled(work: Work, snapshot: SqlSnapshot): Promise<readonly Doc[]> {
  const { layout } = work
  const keys = layout.key
    .filter(({ name }) => !layout.reads.some((each) => each.name === name))
    .map(({ name, type }) => touched(name, type, layout.enums))
  const reads = [...layout.reads, ...keys]
  const docs: Doc[] = []
  const pipe = new RowPipe(
    { passed: layout.key.length + 1, reads, was: [], writes: [], key: [], enums: layout.enums },
    (doc) => {
      docs.push(doc)
      return {}
    },
  )
  const route = { ...routeOf(work), layout: { ...layout, passed: [], reads } }
  for await (const bytes of snapshot.copyOut(moves.copySample(route, [], sampleRows))) pipe.push(bytes)
  pipe.end()
  return docs
}

/** What is wrong with a schedule that has the right shape: figures, names, lengths, gates. Says where, and what to write instead. */
import type { z } from 'zod'
import { suggestion } from '../core/errors.ts'
import type { PeriodFields, ScheduleFields } from './fields.ts'
import { slug } from './fields.ts'
import { gateName } from './schedule.ts'

/** Says what is wrong at a path of the spec. */
export type Complain = (path: readonly PropertyKey[], message: string) => void

export function complainTo(at: z.RefinementCtx): Complain {
  return (path, message) => at.addIssue({ code: 'custom', path: [...path], message })
}

/** Everything but the figures. `names` are all there are. */
export function mustBeInOrder(
  schedule: ScheduleFields & { readonly periods: readonly PeriodFields[] },
  names: readonly string[],
  complain: Complain,
): void {
  const { canary, periods, put, on } = schedule
  if (put === undefined && on === undefined) complain(['on'], 'name the flag store that the figures go to')
  if (canary && typeof put === 'object')
    complain(['canary'], 'a canary is set by flags.set: leave `put` away, or give it as a function')
  if (schedule.nodes !== undefined && put !== undefined)
    complain(['nodes'], 'only flags.set goes by node: leave `put` away, or name the attribute in it')
  for (const [index, name] of (canary?.flags ?? []).entries())
    if (!names.includes(name)) complain(['canary', 'flags', index], `there is no "${name}"${suggestion(name, names)}`)
  const alike = likeAnother(names)
  if (alike !== undefined) complain([], alike)
  const rows: readonly Placed[] = [
    ...(canary ? [{ row: canary, path: ['canary'] }] : []),
    ...periods.map((row, index) => ({ row, path: ['periods', index] })),
  ]
  for (const [index, { row, path }] of rows.entries()) {
    if (slug(row.name) === '') complain([...path, 'name'], `"${row.name}" has no letter and no digit`)
    const twin = likeAnother(rows.slice(0, index + 1).map((each) => each.row.name))
    if (twin !== undefined) complain([...path, 'name'], twin)
    mustBeWatched(schedule, row, path, complain)
  }
}

type Watched = Omit<PeriodFields, 'down'>

interface Placed {
  readonly row: Watched
  readonly path: readonly PropertyKey[]
}

/** Ids are made of names: the last one must differ from those before it by more than what an id leaves out. */
function likeAnother(names: readonly string[]): string | undefined {
  const short = names.map(slug)
  const at = short.findIndex((name, index) => short.indexOf(name) !== index)
  if (at === -1) return undefined
  const [first, second] = [names[short.indexOf(short[at]!)]!, names[at]!]
  return first === second ? `"${first}" is there twice` : `"${second}" is too like "${first}"`
}

function mustBeWatched(schedule: ScheduleFields, row: Watched, path: readonly PropertyKey[], complain: Complain): void {
  if (row.length === undefined && schedule.length === undefined)
    complain([...path, 'length'], `"${row.name}" has no length: give it one, or the schedule`)
  const guards = [...schedule.guards, ...row.guards]
  const gates = [...row.gates, ...schedule.gates]
  if (gates.length + guards.length === 0 && row.approval === undefined)
    complain(path, `nothing could stop "${row.name}": give it gates, guards or an approval, or give the schedule gates`)
  for (const [what, list] of [['gates', gates] as const, ['guards', guards] as const]) {
    const called = list.map(gateName)
    const again = called.find((name, index) => called.indexOf(name) !== index)
    if (again !== undefined) complain([...path, what], `two of the ${what} of "${row.name}" are called "${again}"`)
    if (what === 'gates' && called.includes('soak')) complain([...path, what], 'the wait itself is called "soak"')
  }
}

/** Figures of one name from period to period: known, and not lower than before unless the period says so. */
export function mustClimb(
  cells: readonly {
    readonly name: string
    readonly percent: number
    readonly down: boolean
    readonly path: readonly PropertyKey[]
  }[],
  names: readonly string[],
  complain: Complain,
): void {
  const now = new Map<string, number>()
  for (const { name, percent, down, path } of cells) {
    if (!names.includes(name)) {
      complain(path, `there is no "${name}"${suggestion(name, names)}`)
      continue
    }
    const before = now.get(name)
    if (before !== undefined && percent < before && !down)
      complain(path, `${percent} % is less than the ${before} % before it; \`down: true\` in the period allows that`)
    now.set(name, percent)
  }
}

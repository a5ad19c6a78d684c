/** Filters of events: `type=step.*`, `step=ID`, `level=block`, `since=10m` … Those of one name are alternatives, those of several names all hold. */
import { parseDuration } from '../core/duration.ts'
import { ChangeoverError, suggestion } from '../core/errors.ts'
import type { Event, EventType } from '../core/event.ts'
import type { Finding } from '../core/finding.ts'
import type { Plan, PlannedStep } from '../core/plan.ts'
import { eventText } from '../views/index.ts'

export interface EventFilter {
  /** Whether an event is wanted; `plan`: the run's, as it was at that event. */
  wants(event: Event, plan: Plan | undefined): boolean
  /** Throws `usage.unknown` where a step, kind or stage is named that none of the plans has: nothing would ever match. */
  check(plans: readonly Plan[]): void
}

/** Every type there is: a new one fails to compile until it is named here. */
const types: Readonly<Record<EventType, true>> = {
  'run.opened': true,
  'run.claimed': true,
  'run.turned': true,
  'run.released': true,
  'run.settled': true,
  'run.paused': true,
  'run.resumed': true,
  'run.aborted': true,
  'run.amended': true,
  'run.closed': true,
  'step.started': true,
  'step.marked': true,
  'step.finished': true,
  'step.failed': true,
  'finding.made': true,
  'approval.asked': true,
  'approval.given': true,
}
const levels: Readonly<Record<Finding['level'], true>> = { note: true, risk: true, block: true }

interface Field {
  /** What is asked of, or undefined where the event has none. */
  of(event: Event, plan: Plan | undefined): string | undefined
  /** The words there are, where they are known beforehand. */
  readonly known?: readonly string[]
  /** The words that a plan has. */
  readonly planned?: (plan: Plan) => readonly string[]
}

const withGuards = (step: PlannedStep): readonly (readonly [id: string, step: PlannedStep])[] => [
  [step.id, step],
  ...step.guards.map((guard) => [`${step.id}/${guard.id}`, guard] as const),
]
const stepsOf = (plan: Plan) => plan.steps.flatMap(withGuards)

function stepIn(event: Event): string | undefined {
  if ('step' in event) return event.step
  return event.type === 'finding.made' ? event.finding.at?.step : undefined
}

function plannedAt(event: Event, plan: Plan | undefined): PlannedStep | undefined {
  const id = stepIn(event)
  return plan === undefined || id === undefined ? undefined : stepsOf(plan).find(([each]) => each === id)?.[1]
}

const fields: Readonly<Record<'type' | 'step' | 'kind' | 'stage' | 'level' | 'code' | 'by', Field>> = {
  type: { of: (event) => event.type, known: Object.keys(types) },
  step: { of: stepIn, planned: (plan) => stepsOf(plan).map(([id]) => id) },
  kind: {
    of: (event, plan) => plannedAt(event, plan)?.kind,
    planned: (plan) => stepsOf(plan).map(([, { kind }]) => kind),
  },
  stage: {
    of: (event, plan) => plannedAt(event, plan)?.stage,
    planned: (plan) => plan.steps.map(({ stage }) => stage),
  },
  level: {
    of: (event) => (event.type === 'finding.made' ? event.finding.level : undefined),
    known: Object.keys(levels),
  },
  code: {
    of: (event) =>
      event.type === 'finding.made' ? event.finding.code : event.type === 'step.failed' ? event.error.code : undefined,
  },
  by: { of: (event) => ('by' in event ? event.by.user : undefined) },
}
const names = [...Object.keys(fields), 'text', 'since', 'until'] as const

type Test = (event: Event, plan: Plan | undefined) => boolean

/** `now` in milliseconds since 1970, for times such as `10m` ago. Throws `usage.invalid`, `usage.unknown`. */
export function filterFor(filters: readonly string[], now: number): EventFilter {
  const tests = new Map<string, Test[]>()
  const planned: {
    readonly name: string
    readonly value: string
    readonly words: (plan: Plan) => readonly string[]
  }[] = []
  for (const filter of filters) {
    const { name, value } = partsOf(filter)
    const field = name in fields ? fields[name as keyof typeof fields] : undefined
    if (field?.known) mustMatch(name, value, field.known)
    if (field?.planned) planned.push({ name, value, words: field.planned })
    tests.set(name, [...(tests.get(name) ?? []), field === undefined ? testOf(name, value, now) : by(field, value)])
  }
  return {
    wants: (event, plan) => [...tests.values()].every((some) => some.some((test) => test(event, plan))),
    check: (plans) => {
      for (const { name, value, words } of planned) mustMatch(name, value, [...new Set(plans.flatMap(words))])
    },
  }
}

function partsOf(filter: string): { readonly name: string; readonly value: string } {
  const [, name = '', value = ''] = /^([a-z]+)=(.+)$/.exec(filter) ?? []
  if (names.includes(name)) return { name, value }
  if (name === '')
    throw new ChangeoverError(
      'usage.invalid',
      `"${filter}" is no filter`,
      `write one as \`type=step.*\`, \`level=block\` or \`text=${/^[\w.-]+$/.test(filter) && !names.includes(filter) ? filter : 'WORD'}\``,
    )
  const message = `events have no "${name}" to filter by${suggestion(name, names)}`
  const help = name === 'run' ? '`--run NAME` says which run is meant' : `filter by ${names.join(', ')}`
  throw new ChangeoverError('usage.unknown', message, help)
}

function by(field: Field, value: string): Test {
  const wanted = pattern(value)
  return (event, plan) => {
    const found = field.of(event, plan)
    return found !== undefined && wanted.test(found)
  }
}

/** Text anywhere in what the event says, in large letters or small; or a time. */
function testOf(name: string, value: string, now: number): Test {
  if (name === 'text') {
    const wanted = pattern(`*${value}*`, 'i')
    return (event) => wanted.test(`${event.type} ${eventText(event)}`)
  }
  const at = timeOf(name, value, now)
  return name === 'since' ? (event) => Date.parse(event.at) >= at : (event) => Date.parse(event.at) <= at
}

/** A duration before now, or ISO 8601. */
function timeOf(name: string, value: string, now: number): number {
  const ago = parseDuration(value)
  if (ago !== undefined) return now - ago
  const at = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : NaN
  if (!Number.isNaN(at)) return at
  const help = `write \`${name}=10m\`, or \`${name}=${new Date(now).toISOString().slice(0, 16)}Z\``
  throw new ChangeoverError('usage.invalid', `"${value}" is no time for "${name}"`, help)
}

function mustMatch(name: string, value: string, known: readonly string[]): void {
  const wanted = pattern(value)
  if (known.some((word) => wanted.test(word))) return
  const message = `no event has the ${name} "${value}"${suggestion(value, known)}`
  throw new ChangeoverError('usage.unknown', message, `known here: ${known.join(', ')}`)
}

/** `*` stands for any letters. */
function pattern(value: string, flags = ''): RegExp {
  const text = value.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(`^${text}$`, `s${flags}`)
}

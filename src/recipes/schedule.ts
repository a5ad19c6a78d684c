/** Rows of figures as gated steps: for each period what changes, then the wait, then the gates. Pure; knows neither flags nor environments. */
import type { AskedStep } from '../core/asked.ts'
import { compressed, parseDuration, showDuration } from '../core/duration.ts'
import type { Figure, GateField, Row, ScheduleFields } from './fields.ts'
import { slug } from './fields.ts'
import { madeStep } from './put.ts'

export interface Schedule extends ScheduleFields {
  /** All names there are, in the order of their steps. */
  readonly names: readonly string[]
  readonly rows: readonly Row[]
}

/** The steps of a schedule that was found to be in order. Labels: the stage is the name of the period. */
export function scheduleSteps(id: string, schedule: Schedule): readonly AskedStep[] {
  const { names, canary, rows } = schedule
  const steps: AskedStep[] = []
  const now = new Map<string, number>()
  if (canary) {
    const figures = (canary.flags ?? names).map((name) => figureOf(name, 0, now, canary.name, canary.allow))
    steps.push(...periodSteps(id, schedule, canary, figures))
    for (const { name } of figures) now.set(name, 0)
  }
  for (const row of rows) {
    const figures = names
      .filter((name) => row.percent[name] !== undefined && row.percent[name] !== now.get(name))
      .map((name) => figureOf(name, row.percent[name]!, now, row.name))
    steps.push(...periodSteps(id, schedule, row, figures))
    for (const { name, percent } of figures) now.set(name, percent)
  }
  return steps
}

function figureOf(
  name: string,
  percent: number,
  now: ReadonlyMap<string, number>,
  period: string,
  allow?: readonly string[],
): Figure {
  return { name, percent, before: now.get(name), period, ...(allow === undefined ? {} : { allow }) }
}

type Period = Pick<Row, 'name' | 'length' | 'gates' | 'guards' | 'approval'>

function periodSteps(id: string, schedule: Schedule, period: Period, figures: readonly Figure[]): readonly AskedStep[] {
  const own = `${id}-${slug(period.name)}`
  const guards = [...schedule.guards, ...period.guards]
  const guarded = (step: AskedStep): AskedStep =>
    guards.length === 0 ? step : { ...step, guards: guards.map((guard) => named(guard, step.id)) }
  const wait = guarded(soak(`${own}-soak`, period.length ?? schedule.length ?? '', schedule.compress))
  const changes = figures.map((figure) => madeStep(`${own}-${slug(figure.name)}`, figure, schedule))
  const gates = [...period.gates, ...schedule.gates].map((gate) => named(gate, own))
  const [first = wait, ...rest] = [...changes, wait, ...gates]
  // The guards watch while a person is awaited, too.
  const begin = period.approval === undefined ? first : { ...guarded(first), approval: period.approval }
  const labels = { stage: period.name, ...(schedule.part === undefined ? {} : { part: schedule.part }) }
  return [begin, ...rest].map((step) => ({ ...step, ...labels }))
}

function named<G extends Pick<GateField, 'id' | 'kind'>>(gate: G, own: string): G & { readonly id: string } {
  return { ...gate, id: `${own}-${gateName(gate)}` }
}

/** What tells the gates of a period apart. */
export function gateName(gate: Pick<GateField, 'id' | 'kind'>): string {
  return gate.id ?? slug(gate.kind.replaceAll('.', '-'))
}

function soak(id: string, length: string, compress: number | undefined): AskedStep {
  const ms = parseDuration(length) ?? 0
  if (compress === undefined || compress === 1)
    return { id, kind: 'gate.soak', title: `let ${length} pass`, spec: { forMs: Math.max(1, Math.round(ms)) } }
  const forMs = compressed(ms, compress)
  return {
    id,
    kind: 'gate.soak',
    title: `let ${length} pass, rehearsed in ${showDuration(forMs)}`,
    spec: { forMs, compressed: { of: length, by: compress } },
  }
}

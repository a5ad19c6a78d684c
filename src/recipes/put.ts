/** The step that puts a figure into force: flags.set, an author's function, or a template whose braces are filled in. */
import type { AskedStep } from '../core/asked.ts'
import type { Json } from '../core/json.ts'
import type { Figure, MadeStep, ScheduleFields } from './fields.ts'

/** Shares as traffic.shift has them: hundredths of a percent, 10,000 in all. */
const whole = 10_000

/** The author's own fields win over those that the recipe gives. */
export function madeStep(id: string, figure: Figure, { on, put, nodes }: ScheduleFields): AskedStep {
  const made = put === undefined ? flagStep(figure, nodes) : authored(put, figure)
  return { title: titleOf(figure), ...(on === undefined ? {} : { on }), ...made, id } as AskedStep
}

function authored(put: NonNullable<ScheduleFields['put']>, figure: Figure): MadeStep {
  return typeof put === 'function' ? put(figure) : (filled(put as Json, figure) as unknown as MadeStep)
}

function flagStep(figure: Figure, nodes: string | undefined): MadeStep {
  const { name, percent, period, allow } = figure
  const first = figure.before === undefined
  return {
    kind: 'flags.set',
    spec: {
      flag: name,
      percent,
      // What a flag already has stays: it is switched on, and told whom it goes by, when this schedule first meets it.
      ...(first ? { enabled: true, ...(nodes === undefined ? {} : { nodes }) } : {}),
      ...(allow === undefined ? {} : { allow }),
      why: period,
    },
  }
}

function titleOf({ name, percent, before, allow }: Figure): string {
  if (allow) return `${name} for ${allow.join(', ')} only`
  return before === undefined ? `${name} at ${percent} %` : `${name} from ${before} % to ${percent} %`
}

/** A text that is one placeholder becomes its value, with its type; within a text, a placeholder becomes its text. */
function filled(template: Json, figure: Figure): Json {
  const share = Math.round(figure.percent * 100)
  const known: { readonly [name: string]: string | number } = {
    name: figure.name,
    percent: figure.percent,
    share,
    rest: whole - share,
    period: figure.period,
  }
  const fill = (at: Json): Json => {
    if (typeof at === 'string') {
      const [, only] = /^\{(\w+)\}$/.exec(at) ?? []
      if (only !== undefined && Object.hasOwn(known, only)) return known[only]!
      return at.replaceAll(/\{(\w+)\}/g, (text, name: string) => (Object.hasOwn(known, name) ? `${known[name]}` : text))
    }
    if (Array.isArray(at)) return (at as readonly Json[]).map(fill)
    if (typeof at !== 'object' || at === null) return at
    return Object.fromEntries(Object.entries(at as { [key: string]: Json }).map(([key, value]) => [key, fill(value)]))
  }
  return fill(template)
}

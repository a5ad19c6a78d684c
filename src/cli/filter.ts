/** Filters of events: `type=step.*`, `step=ID`, `level=block`. Filters of one name are alternatives, those of several names all hold. */
import { ChangeoverError, suggestion } from '../core/errors.ts'
import type { Event } from '../core/event.ts'

const fields = {
  type: (event: Event) => event.type as string,
  step: (event: Event) =>
    'step' in event ? event.step : event.type === 'finding.made' ? event.finding.at?.step : undefined,
  level: (event: Event) => (event.type === 'finding.made' ? event.finding.level : undefined),
} as const

/** Whether an event is wanted. `*` stands for any letters. Throws `usage.invalid`, `usage.unknown`. */
export function filterFor(filters: readonly string[]): (event: Event) => boolean {
  const wanted = new Map<keyof typeof fields, RegExp[]>()
  for (const filter of filters) {
    const [, name = '', value = ''] = /^([a-z]+)=(.+)$/.exec(filter) ?? []
    if (name === '')
      throw new ChangeoverError(
        'usage.invalid',
        `"${filter}" is no filter`,
        'write one as `type=step.*`, `step=ID` or `level=block`',
      )
    if (!(name in fields)) {
      const message = `events have no "${name}" to filter by${suggestion(name, Object.keys(fields))}`
      throw new ChangeoverError('usage.unknown', message, `filter by ${Object.keys(fields).join(', ')}`)
    }
    const key = name as keyof typeof fields
    wanted.set(key, [...(wanted.get(key) ?? []), pattern(value)])
  }
  return (event) =>
    [...wanted].every(([name, patterns]) => {
      const value = fields[name](event)
      return value !== undefined && patterns.some((each) => each.test(value))
    })
}

function pattern(value: string): RegExp {
  const text = value.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(`^${text}$`)
}

/** Stands for the recipe of the same name until that is there. */
interface Given {
  readonly id: string
  readonly modules: readonly string[]
  readonly environments: readonly string[]
  readonly environment: string
  readonly periods: readonly {
    readonly name: string
    readonly length: string
    readonly percent: { readonly [environment: string]: number }
    readonly gates: readonly {
      readonly id: string
      readonly kind: string
      readonly on: string
      readonly spec: unknown
    }[]
  }[]
  readonly on: string
  readonly put: (figure: { readonly name: string; readonly percent: number; readonly period: string }) => {
    readonly kind: string
    readonly spec: unknown
  }
  readonly guards: readonly {
    readonly id: string
    readonly kind: string
    readonly on: string
    readonly spec: unknown
  }[]
  readonly gates: readonly { readonly id: string; readonly kind: string; readonly on: string; readonly spec: unknown }[]
  readonly compress: number
}
const slug = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9._]+/g, '-')

export function moduleSchedule(given: Given) {
  return given.periods.flatMap((period) => {
    const percent = period.percent[given.environment]
    if (percent === undefined) return []
    const own = `${given.id}-${slug(period.name)}`
    const forMs = Math.max(1, Math.round((Number(period.length.replace('d', '')) * 86_400_000) / given.compress))
    const soak = {
      id: `${own}-soak`,
      kind: 'gate.soak',
      title: `let ${period.length} pass, rehearsed in ${forMs / 1000} s`,
      spec: { forMs },
      guards: given.guards.map((each) => ({ ...each, id: `${own}-soak-${each.id}` })),
    }
    const sets = given.modules.map((name) => ({
      id: `${own}-${slug(name)}`,
      on: given.on,
      title: `${name} to ${percent} %`,
      ...given.put({ name, percent, period: period.name }),
    }))
    const gates = [...period.gates, ...given.gates].map((each) => ({ ...each, id: `${own}-${each.id}` }))
    return [...sets, soak, ...gates].map((step) => ({ ...step, stage: period.name }))
  })
}

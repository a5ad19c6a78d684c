/** A plan's dashboard for Grafana (schema 39): the run above, the figures its gates ask for below. */
import type { Json } from '../core/json.ts'
import type { Plan } from '../core/plan.ts'
import type { PlanMetric } from './asked-metrics.ts'

interface Panel {
  readonly title: string
  readonly type: 'stat' | 'timeseries'
  readonly width: number
  readonly unit?: string
  readonly description?: string
  /** Query and legend of each line. */
  readonly lines: readonly (readonly [query: string, legend: string])[]
  /** A line that must not be crossed. */
  readonly limit?: number
}

const source = { type: 'prometheus', uid: '${source}' }
const [height, columns] = [8, 24]

/** `known`: the captured figure of a metric that is compared with one: it is drawn beside. */
export function dashboardOf(
  plan: Plan,
  metrics: readonly PlanMetric[],
  isPromql: (target: string) => boolean,
  known: (metric: PlanMetric) => number | undefined,
): Json {
  const shown = metrics.filter(({ target }) => isPromql(target))
  const names = [...new Set(shown.map(({ name }) => name))]
  const panels = [
    ...runPanels(plan.name),
    ...names.map((name) =>
      metricPanel(
        name,
        shown.filter((each) => each.name === name),
        known,
      ),
    ),
  ]
  return {
    title: `${plan.name}: ${plan.from} to ${plan.to}`,
    uid: `changeover-${plan.name.replaceAll(/[^\w-]/g, '-').slice(0, 28)}`,
    tags: ['changeover'],
    schemaVersion: 39,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus', hide: 0 },
        {
          name: 'run',
          label: 'Run',
          type: 'query',
          datasource: source,
          query: `label_values(changeover_run_info{plan=${JSON.stringify(plan.name)}}, run)`,
          refresh: 2,
          sort: 2,
        },
      ],
    },
    annotations: { list: [stepNotes(plan.name)] },
    panels: placed(panels),
  }
}

/** A mark on every panel whenever a step has ended. */
function stepNotes(plan: string): Json {
  return {
    name: 'Steps',
    enable: true,
    iconColor: 'blue',
    datasource: source,
    expr: `changes(changeover_run_steps{plan=${JSON.stringify(plan)},run="$run",status="applied"}[1m]) > 0`,
    titleFormat: 'a step has ended',
  }
}

function runPanels(plan: string): readonly Panel[] {
  const of = `{plan=${JSON.stringify(plan)},run="$run"}`
  const steps = (status: string) =>
    [`changeover_run_steps{plan=${JSON.stringify(plan)},run="$run",status="${status}"}`, status] as const
  return [
    { title: 'Phase', type: 'stat', width: 6, lines: [[`changeover_run_phase${of} == 1`, '{{phase}}']] },
    { title: 'Steps', type: 'stat', width: 6, lines: [steps('applied'), steps('waiting'), steps('failed')] },
    {
      title: 'Done of the step under way',
      type: 'stat',
      width: 6,
      unit: 'percentunit',
      lines: [[`changeover_step_done${of} / changeover_step_of${of}`, '{{step}}']],
    },
    { title: 'Time left', type: 'stat', width: 6, unit: 's', lines: [[`changeover_run_left_seconds${of}`, 'in all']] },
    {
      title: 'Rate of the step under way',
      type: 'timeseries',
      width: 12,
      lines: [[`changeover_step_rate_per_second${of}`, '{{step}}, {{unit}} a second']],
    },
    {
      title: 'Findings',
      type: 'timeseries',
      width: 12,
      lines: [[`changeover_run_findings${of}`, '{{level}}']],
    },
  ]
}

/** Old and new queries of one name stand side by side in one panel. */
function metricPanel(
  name: string,
  all: readonly PlanMetric[],
  known: (metric: PlanMetric) => number | undefined,
): Panel {
  const queries = [...new Set(all.map(({ query }) => query))]
  const legend = (query: string): string => {
    const captured = all.every((each) => each.query !== query || each.wanted === '')
    return queries.length === 1 ? name : `${name}${captured ? ', as captured before' : ''}: ${short(query)}`
  }
  const base = all.map(known).find((each) => each !== undefined)
  const limits = all.flatMap(({ rules }) => [rules['max'], rules['min']]).filter((each) => typeof each === 'number')
  const unit = unitOf(all.find((each) => each.unit !== undefined)?.unit)
  return {
    title: name,
    type: 'timeseries',
    width: 12,
    description: all
      .filter(({ wanted }) => wanted !== '')
      .map(({ wanted, steps }) => `${wanted} (${steps.join(', ')})`)
      .join('\n'),
    lines: [
      ...queries.map((query) => [query, legend(query)] as const),
      ...(base === undefined ? [] : [[`vector(${base})`, 'baseline'] as const]),
    ],
    ...(unit === undefined ? {} : { unit }),
    ...(limits[0] === undefined ? {} : { limit: limits[0] }),
  }
}

function short(query: string): string {
  return query.length > 60 ? `${query.slice(0, 59)}…` : query
}

const units: { readonly [unit: string]: string } = { s: 's', ms: 'ms', bytes: 'bytes', '%': 'percent' }

function unitOf(unit: string | undefined): string | undefined {
  return unit === undefined ? undefined : (units[unit] ?? `suffix: ${unit}`)
}

/** From left to right, then down. */
function placed(panels: readonly Panel[]): Json {
  let [x, y] = [0, 0]
  return panels.map((panel, at) => {
    if (x + panel.width > columns) [x, y] = [0, y + height]
    const gridPos = { x, y, w: panel.width, h: height }
    x += panel.width
    return { id: at + 1, gridPos, ...drawn(panel) }
  })
}

function drawn({ title, type, unit, description, lines, limit }: Panel): { readonly [name: string]: Json } {
  const steps = [{ color: 'green', value: null }, ...(limit === undefined ? [] : [{ color: 'red', value: limit }])]
  return {
    title,
    type,
    ...(description === undefined || description === '' ? {} : { description }),
    datasource: source,
    targets: lines.map(([expr, legendFormat], at) => ({
      refId: String.fromCodePoint(65 + at),
      datasource: source,
      expr,
      legendFormat,
    })),
    fieldConfig: {
      defaults: {
        ...(unit === undefined ? {} : { unit }),
        thresholds: { mode: 'absolute', steps },
        ...(limit === undefined ? {} : { custom: { thresholdsStyle: { mode: 'line' } } }),
      },
      overrides: [],
    },
    options:
      type === 'stat' ? { textMode: 'value_and_name' } : { legend: { displayMode: 'list', placement: 'bottom' } },
  }
}

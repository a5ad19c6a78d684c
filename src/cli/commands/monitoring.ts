/** `changeover alerts` and `changeover dashboard`: what the plan watches, for a Prometheus and a Grafana that watch it too. */
import { stringify } from 'yaml'
import { alertsOf, dashboardOf } from '../../views/index.ts'
import type { Common, Door } from '../door.ts'
import { openBenchFor } from '../open.ts'
import { writeOut } from '../out-file.ts'
import { metricsOfPlan, type PlanMetrics } from '../plan-metrics.ts'

export interface MonitoringOptions extends Common {
  readonly out?: string
}

/** A rule file; what no rule could be made of is said beside it. */
export async function alerts(options: MonitoringOptions, door: Door): Promise<number> {
  return make(options, door, 'the alert rules are', ({ plan, metrics, isPromql, known }) => {
    const { groups, left } = alertsOf(plan, metrics, isPromql, known)
    for (const why of left) door.err(`no rule for ${why}\n`)
    const head = `Alert rules of plan "${plan.name}", ${plan.from} to ${plan.to}. Made by \`changeover alerts\`: do not edit.`
    if (door.json) return `${JSON.stringify({ groups, left }, null, 2)}\n`
    return `# ${head}\n${stringify({ groups }, { lineWidth: 0 })}`
  })
}

export async function dashboard(options: MonitoringOptions, door: Door): Promise<number> {
  return make(
    options,
    door,
    'the dashboard is',
    ({ plan, metrics, isPromql, known }) => `${JSON.stringify(dashboardOf(plan, metrics, isPromql, known), null, 2)}\n`,
  )
}

async function make(
  options: MonitoringOptions,
  door: Door,
  what: string,
  render: (of: PlanMetrics) => string,
): Promise<number> {
  const bench = await openBenchFor(options, door)
  try {
    const text = render(await metricsOfPlan(bench, options))
    if (options.out === undefined) door.out(door.json ? `${JSON.stringify(JSON.parse(text))}\n` : text)
    else {
      await writeOut(options.out, text, door)
      if (door.json) door.out(`${JSON.stringify({ out: options.out })}\n`)
      else door.err(`${what} in ${options.out}\n`)
    }
    return 0
  } finally {
    await bench.close()
  }
}

/** What came of a run, gathered: from its journal, from the load, from the nodes as they are at the end, and from what measurers left. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fold } from 'changeover'
import type { Command } from '../stage/command.ts'
import { isRestored, triggerOf, wayBackMs } from '../stage/told-by-journal.ts'
import { writeReport } from '../stage/report.ts'
import type { ChaosReport } from './chaos-report.ts'
import type { LeakReport } from './leak-report.ts'
import type { LoadFigures } from './load-figures.ts'
import type { Rollback } from './rollbacks.ts'
import type { FaultName } from './run-faults.ts'
import type { Site } from './site.ts'
import type { Summary } from './summary.ts'
import { baselineTable, impactTable } from './tables.ts'
import { verifyFleet } from './verify.ts'
import { rehearsedIn } from './waits.ts'

export interface Place {
  readonly site: Site
  readonly command: Command
  readonly env: NodeJS.ProcessEnv
  readonly out: 'inherit' | 2
}
export interface Outcome {
  readonly seconds: number
  readonly fault: FaultName | null
  readonly rollback: Rollback | null
  readonly undoneMs: number | null
  readonly refusals: readonly string[]
}

const pageBytes = 4_096
const healthyWithinMs = 20_000

export async function summarise({ site, command }: Place, outcome: Outcome): Promise<Summary> {
  const events = await command.events()
  const state = fold(events)
  if (!state) throw new Error('the journal has no run')
  const load = (await (await fetch(`${site.load}/figures`)).json()) as LoadFigures
  const machines = await verifyFleet(site.nodes.map(({ id, admin }) => ({ id, url: admin })))
  const chaos = ['kill', 'partition'].flatMap((name) => left<ChaosReport>(site.home, `chaos-${name}.json`) ?? [])
  const trigger = triggerOf(events)
  const requests = {
    served: load.served,
    failed: load.failed,
    triedAgain: load.triedAgain,
    reasons: load.reasons,
    failedInChaos: chaos.reduce((sum, each) => sum + each.failed, 0),
  }
  return {
    ...outcome,
    outcome: state.outcome ?? 'paused',
    nodes: site.nodes.length,
    requests,
    pages: Math.round(load.movedBytes / pageBytes),
    machines: { verified: machines.machines, problems: machines.problems },
    trigger:
      trigger === null
        ? null
        : { step: trigger.step, gate: trigger.gate, stage: stageOf(trigger.step, state), why: trigger.why },
    wayBackMs: wayBackMs(events),
    baseline: baselineTable(events),
    impact: impactTable(events),
    rehearsed: rehearsedIn(state.plan.steps),
    soak: left<LeakReport>(site.home, 'soak.json'),
    chaos,
    rolledBackEqual: state.outcome === 'rolled-back' ? isRestored(state) && (await runV1(site)) : null,
    messages: site.door.messages(),
    report: await writeReport(command, site.home, 'dwcp-report', { requests }),
  }
}

function left<T>(home: string, name: string): T | null {
  const file = join(home, name)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : null
}

function stageOf(step: string, state: NonNullable<ReturnType<typeof fold>>): string {
  return state.plan.steps.find(({ id }) => id === step)?.stage ?? 'no stage'
}

/** Every node answers as v1 and is healthy, within 20 s: a group whose member has just come back may be choosing its leader. */
async function runV1({ nodes }: Site): Promise<boolean> {
  for (const end = Date.now() + healthyWithinMs; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    if ((await Promise.all(nodes.map(isHealthyV1))).every(Boolean)) return true
    if (Date.now() > end) return false
  }
}

async function isHealthyV1({ admin }: Site['nodes'][number]): Promise<boolean> {
  const health = await fetch(`${admin}/health`)
  await health.arrayBuffer()
  const { version } = (await (await fetch(`${admin}/status`)).json()) as { readonly version: string }
  return health.ok && version === 'v1'
}

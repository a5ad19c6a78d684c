/** `changeover plan` and `changeover check`: what would be done, and what stands against it. Nothing is written to any target. */
import { blocks, type Finding } from '../../core/finding.ts'
import type { Plan } from '../../core/plan.ts'
import { type Bench, checkPlan, makePlanNow } from '../../engine/index.ts'
import { findingLines, planJson, planMarkdown, planText, plural } from '../../views/index.ts'
import type { Common, Door } from '../door.ts'
import { openBenchFor } from '../open.ts'
import { writeOut } from '../out-file.ts'

export interface PlanOptions extends Common {
  readonly markdown?: boolean
  readonly out?: string
}

export interface Looked {
  readonly plan: Plan
  readonly findings: readonly Finding[]
}

/** Observes, plans and checks; says on a terminal what takes time. */
export async function look(bench: Bench, door: Door): Promise<Looked> {
  const say = (line: string): void => {
    if (door.live && !door.json) door.draw(`\r\u001b[K${door.paint.faint(line)}`)
  }
  try {
    const plan = await makePlanNow(bench, say)
    say('checking every step')
    return { plan, findings: await checkPlan(bench, plan) }
  } finally {
    if (door.live && !door.json) door.draw('\r\u001b[K')
  }
}

/** Exit 3 when something blocks. */
export async function plan(options: PlanOptions, door: Door): Promise<number> {
  const bench = await openBenchFor(options, door)
  try {
    const looked = await look(bench, door)
    const code = blocks(looked.findings).length > 0 ? 3 : 0
    if (options.out === undefined) door.out(rendered(looked, options, door))
    else {
      // A file is read later and elsewhere: no colours, and a width of its own.
      await writeOut(options.out, rendered(looked, options, undefined), door)
      if (door.json) door.out(`${JSON.stringify({ plan: looked.plan.hash, out: options.out })}\n`)
      else door.err(`the plan is in ${options.out}\n`)
    }
    return code
  } finally {
    await bench.close()
  }
}

function rendered({ plan: made, findings }: Looked, options: PlanOptions, door: Door | undefined): string {
  if (options.json) return `${JSON.stringify(planJson(made, findings), null, door === undefined ? 2 : 0)}\n`
  if (options.markdown) return planMarkdown(made, { findings })
  return planText(made, { findings, ...(door === undefined ? {} : { paint: door.paint, width: door.width() }) })
}

/** Exit 3 when something blocks. */
export async function check(options: Common, door: Door): Promise<number> {
  const bench = await openBenchFor(options, door)
  try {
    const { plan: made, findings } = await look(bench, door)
    const stops = blocks(findings).length
    if (door.json) door.out(`${JSON.stringify({ plan: made.hash, blocks: stops, findings })}\n`)
    else {
      for (const line of findingLines(findings, door.paint, door.width())) door.out(`${line}\n`)
      const verdict =
        stops === 0
          ? door.paint.good('nothing stands against it')
          : door.paint.bad(`${plural(stops, 'finding')} must be ended first`)
      door.out(
        `${made.name} ${made.from} → ${made.to}: ${plural(made.steps.length, 'step')}, ${plural(findings.length, 'finding')}; ${verdict}\n`,
      )
    }
    return stops === 0 ? 0 : 3
  } finally {
    await bench.close()
  }
}

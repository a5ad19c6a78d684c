/** Looks, at any time, whether the system is what the run should have left: facts as predicted, and every kind's own question. Writes nothing. */
import { block, type Finding, note } from '../core/finding.ts'
import { missed } from '../core/json.ts'
import { type Facts, predictedFacts, targetsOf } from '../core/plan.ts'
import type { Bench } from './bench.ts'
import { Record } from './record.ts'
import type { Shift } from './shift.ts'
import { verifyStep } from './step.ts'
import { withTargets } from './planning.ts'

/** Looks whether every target is what the run left, and asks each applied step. Writes nothing. */
export async function verifyRun(bench: Bench, run: string): Promise<readonly Finding[]> {
  const record = await Record.open({ journal: bench.journal, run, redact: (what) => what })
  return withTargets(bench, async (targets, stop) => {
    const shift: Shift = { bench, record, targets, stop }
    const applied = record.state.steps.filter((step) => step.status === 'applied')
    const findings: Finding[] = [...(await compareFacts(shift))]
    for (const step of applied) {
      const own = await verifyStep(shift, step)
      findings.push(...own.map((each) => ({ ...each, at: { step: step.plan.id, ...each.at } })))
    }
    if (findings.every((each) => each.level === 'note'))
      findings.push(
        note(
          'run.verified',
          `${applied.length} applied steps and the facts of every target are as they should be`,
          'nothing to do',
        ),
      )
    return bench.secrets.redact(findings)
  })
}

/** The facts at the start with the predicted change of every applied step, against those seen now. */
async function compareFacts(shift: Shift): Promise<readonly Finding[]> {
  const { plan, steps } = shift.record.state
  const used = [...new Set(plan.steps.flatMap(targetsOf))]
  const expected = steps.reduce<Facts>(
    (facts, step) => (step.status === 'applied' ? predictedFacts(step.plan, facts) : facts),
    plan.facts,
  )
  const seen = await shift.targets.observe(used)
  return used.flatMap((target) =>
    missed(expected[target] ?? {}, seen[target] ?? {}).map((edit) =>
      block(
        'facts.unexpected',
        `${target}: ${edit.path.join('.')} is not what the run left`,
        'find out who changed it',
        edit as never,
      ),
    ),
  )
}

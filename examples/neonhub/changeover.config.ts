/** NeonHub v3.3 → v4.0: the whole upgrade guide as one plan. Its stages stand in `plan/`, what is data of the guide in `parts.ts`. */
import { defineChangeover } from 'changeover'
import { checklist, risks, rollbackMinutes } from './terms.ts'
import { applicationSteps } from './plan/application.ts'
import { assessmentSteps } from './plan/assessment.ts'
import { databaseSteps } from './plan/database.ts'
import { federationSteps } from './plan/federation.ts'
import { preparationSteps } from './plan/preparation.ts'
import { retirementSteps } from './plan/retirement.ts'
import { targets } from './plan/targets.ts'
import { trafficSteps } from './plan/traffic.ts'
import { validationSteps } from './plan/validation.ts'

/** Items of the go-live checklist that a step ticks; a person ticks the others. */
const ticks: Readonly<Record<string, string>> = {
  'Performance benchmarks met': 'criteria',
  'Backup and recovery tested': 'backup-database',
}

export default defineChangeover({
  name: 'neonhub',
  from: '3.3.0',
  to: '4.0.0',
  journal: { folder: '${NEONHUB_HOME}/changeover' },
  targets,
  steps: [
    ...assessmentSteps,
    ...preparationSteps,
    ...databaseSteps,
    ...applicationSteps,
    ...trafficSteps,
    ...federationSteps,
    ...validationSteps,
    ...retirementSteps,
  ],
  risks: [...risks],
  checklist: checklist.map((item) => (ticks[item] === undefined ? { item } : { item, step: ticks[item] })),
  communication: [
    'Before: tell users and support when the upgrade begins',
    'At the switch: tell support that v4 serves',
    `After: tell users what is new; tell everybody should it be rolled back, which shall take no longer than ${rollbackMinutes} minutes`,
  ],
})

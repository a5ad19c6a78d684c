/** Mana V1 → V2: the whole migration guide as one plan. Its stages stand in `plan/`, what is data of the guide in `parts.ts`, what is measured in `gates.ts`. */
import { defineChangeover } from 'changeover'
import { checklist, risks } from './parts.ts'
import { assessmentSteps } from './plan/assessment.ts'
import { monitoringSteps } from './plan/monitoring.ts'
import { parallelSteps } from './plan/parallel.ts'
import { preparationSteps } from './plan/preparation.ts'
import { retirementSteps } from './plan/retirement.ts'
import { rolloutSteps } from './plan/rollout.ts'
import { targets } from './plan/targets.ts'

export default defineChangeover({
  name: 'mana',
  from: '1.0.0',
  to: '2.0.0',
  journal: { folder: '${MANA_HOME}/changeover' },
  targets,
  // A gate that fails takes production off v2 before anything else is undone.
  backFirst: ['production-flags', 'staging-flags', 'test-flags'],
  steps: [
    ...assessmentSteps,
    ...preparationSteps,
    ...parallelSteps,
    ...rolloutSteps,
    ...monitoringSteps,
    ...retirementSteps,
  ],
  risks: [...risks],
  checklist: checklist.map((each) => ({ ...each })),
  communication: [
    'Before production: the team is told, and a person agrees',
    'Should it turn back by itself: the team is told at once, and the plan is held until `changeover release`',
    'Before v1 is retired: a person agrees, with the evidence that nobody asks it',
  ],
})

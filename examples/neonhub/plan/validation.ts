/** v4 serves alone: is it as good as v3 was? A person has the last word before v3 is retired. */
import { checklist } from '../terms.ts'
import { measured } from './preparation.ts'
import { errorRate } from './triggers.ts'

export const validationSteps = [
  {
    id: 'observe',
    kind: 'gate.soak',
    title: 'Watch v4 for a while',
    spec: { forMs: 2_000 },
    guards: [
      {
        id: 'errors',
        kind: 'gate.probe',
        on: 'gateway',
        spec: { path: measured.path, count: 20, intervalMs: 20, overall: { errorRate: { max: errorRate.above } } },
      },
    ],
    stage: 'After',
  },
  {
    id: 'criteria',
    kind: 'gate.probe',
    title: 'Are the success criteria met?',
    on: 'gateway',
    spec: {
      ...measured,
      advisory: true,
      baseline: 'baseline',
      overall: {
        availability: { min: 0.999 },
        errorRate: { max: 0.001 },
        p50Ms: { maxIncrease: 0.1 },
        throughput: { minOfBaseline: 0.9 },
      },
    },
    stage: 'After',
  },
  {
    id: 'end',
    kind: 'notify.webhook',
    title: 'Tell the team',
    on: 'team',
    spec: { outcome: 'serves v4' },
    stage: 'After',
  },
  {
    id: 'go-live',
    kind: 'gate.confirm',
    title: 'Go-live checklist',
    spec: { items: [...checklist] },
    approval: 'Is every item of the go-live checklist done?',
    stage: 'After',
  },
]

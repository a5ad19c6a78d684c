/** v3 is stopped, and its shape of the data retired: behind an approval, for nothing brings it back. */
export const retirementSteps = [
  {
    id: 'drain-v3',
    kind: 'traffic.drain',
    title: 'Let v3 finish what it has',
    on: 'traffic',
    spec: { route: 'v3-api', side: 'v3', withinMs: 10_000 },
    part: ['application', 'database'],
    stage: 'After',
  },
  {
    id: 'stop-v3',
    kind: 'service.stop',
    title: 'Stop v3',
    on: 'v3',
    spec: {},
    part: ['application', 'database'],
    stage: 'After',
  },
  {
    id: 'retire-v3',
    kind: 'schema.seal',
    title: 'Retire the shape of v3',
    on: 'db',
    spec: {
      tables: ['legacy_nodes'],
      columns: ['users.consent_given', 'models.model_data'],
      triggers: [],
      functions: [],
    },
    approval: 'Nothing brings the old columns back after this. Retire v3 for good?',
    stage: 'After',
  },
]

/** v1 goes: somebody agrees, each node is started without it, and each is asked whether v2 alone serves. */
import { environments } from '../service-words.ts'
import { ask, tell } from './people.ts'
import { restart } from './restart.ts'

const stage = 'Week 3, day 5-7'

export const retirementSteps = [
  ask({
    id: 'go-retire',
    title: 'Retire v1',
    items: ['nobody asks v1', 'the targets were looked at, met or not'],
    approval: 'Shall the nodes be started without v1 from now on?',
    watched: environments,
    stage,
  }),
  ...environments.flatMap((environment) => restart(environment, 'both', 'v2', stage)),
  ...environments.map((environment) => ({
    id: environment === 'production' ? 'v2-alone' : `v2-alone-${environment}`,
    kind: 'gate.probe',
    title: `Does v2 alone serve ${environment}?`,
    on: `${environment}-api`,
    spec: {
      path: '/status',
      count: 3,
      intervalMs: 200,
      success: {
        status: '2xx',
        body: [
          { at: '/modules', equals: 'v2' },
          { at: '/transaction_pool/version', equals: 'v2' },
          { at: '/sync_service/version', equals: 'v2' },
          { at: '/trouble', equals: null },
        ],
      },
    },
    stage,
  })),
  tell('end', 'runs v2 alone', stage),
]

/** The guide's "comprehensive backup before migration": each node writes its state out, and state and flags are backed up. */
import { type Environment, environments } from '../service-words.ts'
import { tell } from './people.ts'

const stage = 'Preparation'

const snapshot = (environment: Environment) => ({
  id: `${environment}-snapshot`,
  kind: 'http.call',
  title: `State of ${environment} as it is`,
  on: `${environment}-api`,
  spec: { do: { method: 'PUT', path: '/snapshot' }, undo: { method: 'DELETE', path: '/snapshot' } },
  stage,
})

export const preparationSteps = [
  tell('begin', 'begins', stage),
  ...environments.map(snapshot),
  {
    id: 'backup',
    kind: 'backup.files',
    title: 'Back up state and flags, and read them back',
    on: { source: 'home', store: 'backups' },
    spec: { take: { state: ['state/*.snapshot'], flags: ['flags/*.json'] }, retentionDays: 30 },
    stage,
  },
]

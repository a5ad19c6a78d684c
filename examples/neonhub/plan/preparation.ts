/** What is done while v3 still serves alone, so that there is something to go back to, and to compare with. */
import { backupRetentionDays } from '../terms.ts'

const preparation = { stage: 'Preparation' } as const

/** An address that a v3 client and a v4 server both know, and that reads the database. */
export const measured = { path: '/api/v3/users/1', count: 300, intervalMs: 0, concurrency: 4 } as const

export const preparationSteps = [
  {
    id: 'begin',
    kind: 'notify.webhook',
    title: 'Tell the team',
    on: 'team',
    spec: { outcome: 'begins', onRollback: 'is rolled back' },
    ...preparation,
  },
  {
    id: 'backup-database',
    kind: 'backup.database',
    title: 'Back up the database, and restore it to see',
    on: { source: 'db', store: 'backups' },
    spec: { days: backupRetentionDays },
    ...preparation,
  },
  {
    id: 'backup-files',
    kind: 'backup.files',
    title: 'Back up configuration, data and certificates',
    on: { source: 'home', store: 'backups' },
    spec: {
      take: { configuration: ['config/*.yml'], certificates: ['config/certs/**'], data: ['data/**'] },
      environment: { files: ['config/.env'] },
      retentionDays: backupRetentionDays,
    },
    ...preparation,
  },
  {
    id: 'baseline',
    kind: 'gate.baseline',
    title: 'How does v3 do under load?',
    on: 'gateway',
    spec: measured,
    ...preparation,
  },
]

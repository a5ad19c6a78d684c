/** What the upgrade guide asks and promises, as plain data for the plan: versions, requirements, criteria, risks, checklist. Runs nothing. */

/** The guide's matrix. Minutes of downtime as the guide expects them by hand. */
export const versionPaths = [
  { from: '3.2.x', to: '4.0.0', via: null, complexity: 'medium', downtimeMinutes: [120, 240] },
  { from: '3.3.x', to: '4.0.0', via: null, complexity: 'low', downtimeMinutes: [60, 120] },
  { from: '<=3.1.x', to: '4.0.0', via: '3.3', complexity: 'high', downtimeMinutes: [240, 480] },
] as const

export const compatibility = {
  version: '4.0.0',
  components: {
    database: {
      level: 'full',
      issues: ['users.consent_given and models.model_data are held in documents'],
      requiredActions: ['mirror both shapes until v3 is retired'],
      breakingChanges: [],
    },
    'v3 API': {
      level: 'full',
      issues: [],
      requiredActions: ['keep /api/v3 alive for v3 clients'],
      breakingChanges: [],
    },
    'v1 API': {
      level: 'api change',
      issues: ['new paths and field names below /api/v1'],
      requiredActions: ['move clients when they are ready'],
      breakingChanges: ['consent is a document, not a flag'],
    },
    configuration: {
      level: 'api change',
      issues: ['api.ssl.* is now api.tls.*'],
      requiredActions: ['rewrite config/neonhub.yml by the key map'],
      breakingChanges: ['v4 refuses a file with api.ssl'],
    },
    federation: {
      level: 'full',
      issues: ['needs FEDERATION_TOKEN'],
      requiredActions: ['enable after the upgrade and register the node'],
      breakingChanges: [],
    },
    legacy_nodes: {
      level: 'deprecated',
      issues: ['replaced by federation_nodes; rows without a region become us-east-1'],
      requiredActions: ['copy the rows, keep the table until v3 is retired'],
      breakingChanges: [],
    },
  },
  configurationChanges: {
    breaking: ['api.ssl.enabled', 'api.ssl.cert', 'api.ssl.key'],
    deprecated: [],
    newRequired: ['federation.enabled', 'aix.enabled', 'compliance.gdpr.enabled', 'compliance.ccpa.enabled'],
  },
} as const

/** The guide's sizes are those of a production site; `example` is what this small NeonHub needs in truth. */
export const requirements = {
  minimum: { cpu: 8, memory: '16GB', storage: '100GB', network: '1Gbps' },
  recommended: { cpu: 16, memory: '32GB', storage: '500GB', network: '10Gbps' },
  federation: { cpu: 4, memory: '8GB', storage: '200GB', network: '5Gbps' },
  example: { cpu: 1, memory: '1GB', storage: '1GB' },
  node: '20.19.0',
} as const

export const rollbackTriggers = [
  { metric: 'errorRate', above: 0.05 },
  { metric: 'latencyIncrease', above: 0.5 },
] as const
/** The guide's objective, and how long its backups are kept. */
export const rollbackMinutes = 15
export const backupRetentionDays = 30

export const risks = [
  {
    risk: 'A write of v3 is lost while its row is transformed',
    mitigation:
      'triggers keep both shapes in step before the first row is transformed, and chunks lock only rows they change',
    recovery: 'the old columns stay until they are sealed; comparing both shapes names the rows',
  },
  {
    risk: 'A lock of the schema change holds up the application',
    mitigation: 'a lock limit with retries, and indexes built concurrently',
    recovery: 'the statement gives up by itself; nothing has changed, and it is tried again',
  },
  {
    risk: 'A number of a model loses digits on the way through JSON',
    mitigation: 'the server moves the value, no program parses it; checksums are compared row by row',
    recovery: 'model_data still holds the original',
  },
  {
    risk: 'The private key or a secret ends in the backup',
    mitigation: 'files are judged by what is in them, not by their name; secrets are kept as references',
    recovery: 'destroy the backup, make a new key',
  },
  {
    risk: 'v4 does not hold under load after the switch',
    mitigation: 'gates on errors and latency against the baseline while v3 still runs beside it',
    recovery: 'the gateway sends everybody back to v3 within a second; what v4 wrote is there in the shape of v3',
  },
  {
    risk: 'The coordinator of the federation is away or refuses the node',
    mitigation: 'the federation is its own part, enabled last',
    recovery: 'roll back the part federation; v4 goes on without it',
  },
] as const

export const checklist = [
  'All functional tests passing',
  'Performance benchmarks met',
  'Security assessment completed',
  'Compliance audit passed',
  'Backup and recovery tested',
  'Rollback procedures documented',
  'Team training completed',
  'Stakeholder communication sent',
  'Monitoring and alerting active',
  'Support team ready',
] as const

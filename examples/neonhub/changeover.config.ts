/** NeonHub v3.3 → v4.0: the whole upgrade guide as one plan. What is data of the guide stands in `parts.ts`. */
import { defineChangeover } from 'changeover'
import {
  addedColumns,
  analyzed,
  backupRetentionDays,
  checklist,
  compatibility,
  configDefaults,
  configKeys,
  documents,
  endpoints,
  federationConfig,
  indexes,
  registration,
  requirements,
  risks,
  rollbackMinutes,
  rollbackTriggers,
  schemaDown,
  schemaUp,
  versionPaths,
} from './parts.ts'

const project = new URL('../..', import.meta.url).pathname

/** A service of this example: its program, its place, and its pid file, which the system's own starter uses too. */
const service = (name: 'v3' | 'v4', health: string, configs: Readonly<Record<string, string>>) => ({
  adapter: 'process',
  config: {
    command: [
      '${NEONHUB_NODE}',
      '--import',
      'jiti/register',
      `${import.meta.dirname}/${name}/service.ts`,
      ...Object.entries(configs).flatMap(([option, file]) => [`--${option}`, `\${NEONHUB_HOME}/config/${file}`]),
      '--port',
      `\${NEONHUB_${name.toUpperCase()}_PORT}`,
    ],
    folder: project,
    pidFile: `\${NEONHUB_HOME}/state/${name}.pid`,
    log: `\${NEONHUB_HOME}/logs/${name}.log`,
    health: { url: `\${NEONHUB_${name.toUpperCase()}}${health}`, timeoutMs: 2_000 },
  },
})

const columns = (table: string) =>
  addedColumns.filter((each) => each.table === table).map(({ column, type }) => ({ name: column, type }))

/** A document around an old value: constants, the moment it was made, and the value itself, untouched to the digit. */
function around(document: (typeof documents)[keyof typeof documents]) {
  const constants = Object.entries(document.defaults).map(([name, value]) => [name, { constant: value }])
  const fields = {
    ...Object.fromEntries(constants),
    [document.moment]: { now: true },
    [document.at]: { from: document.source },
  }
  return [{ op: 'object', to: document.target, fields }]
}

/** v3 keeps a flag, v4 a record of what was consented to and when. */
const consent = around(documents.consent)
/** v4 wraps a model's data in an envelope. */
const modelData = around(documents.modelData)

/** Items of the go-live checklist that a step ticks; a person ticks the others. */
const ticks: Readonly<Record<string, string>> = {
  'Performance benchmarks met': 'criteria',
  'Backup and recovery tested': 'backup-database',
}

const database = { part: 'database', stage: 'Database' } as const
const onDatabase = { on: 'db', ...database } as const
/** The database cannot go back while v4 runs on it: these steps are rolled back with either. */
const application = { part: ['application', 'database'], stage: 'Application' }
const assessment = { stage: 'Assessment' } as const
const preparation = { stage: 'Preparation' } as const

const levels = { full: 'compatible', 'api change': 'api-change', deprecated: 'deprecated' } as const
const components = Object.fromEntries(
  Object.entries(compatibility.components).map(([name, { level, ...rest }]) => {
    const requiredActions = rest.requiredActions.map((action) => ({ action, done: true }))
    return [name, { ...rest, status: levels[level], requiredActions }]
  }),
)
const { breaking, deprecated, newRequired } = compatibility.configurationChanges

/** Above these the guide turns back by itself. */
const [errorRate, latencyIncrease] = rollbackTriggers

/** An address that a v3 client and a v4 server both know, and that reads the database. */
const measured = { path: '/api/v3/users/1', count: 300, intervalMs: 0, concurrency: 4 } as const

export default defineChangeover({
  name: 'neonhub',
  from: '3.3.0',
  to: '4.0.0',
  journal: { folder: '${NEONHUB_HOME}/changeover' },
  targets: {
    host: { adapter: 'host' },
    db: { adapter: 'postgres', config: { url: '${NEONHUB_DATABASE_URL}' } },
    config: { adapter: 'files', config: { folder: '${NEONHUB_HOME}/config', watch: ['*.yml'] } },
    home: { adapter: 'files', config: { folder: '${NEONHUB_HOME}' } },
    backups: { adapter: 'files', config: { folder: '${NEONHUB_HOME}/backups' } },
    v3: service('v3', '/api/v3/health', { config: 'neonhub.yml' }),
    v4: service('v4', '/api/v1/health', { config: 'neonhub.v4.yml', instead: 'neonhub.yml' }),
    gateway: { adapter: 'http', config: { url: '${NEONHUB_GATEWAY}' } },
    switch: { adapter: 'http', config: { url: '${NEONHUB_SWITCH}' } },
    'v4-api': { adapter: 'http', config: { url: '${NEONHUB_V4}' } },
    federation: {
      adapter: 'http',
      config: { url: '${NEONHUB_COORDINATOR}', headers: { authorization: 'Bearer ${FEDERATION_TOKEN}' } },
    },
    team: { adapter: 'http', config: { url: '${NEONHUB_HOOK}' } },
  },
  steps: [
    {
      id: 'versions',
      kind: 'assess.versions',
      title: 'Is there a supported path?',
      spec: {
        from: '3.3.0',
        to: '4.0.0',
        paths: versionPaths.map(({ from, to, via, complexity, downtimeMinutes }) => ({
          from,
          to,
          complexity,
          downtime: `${downtimeMinutes[0] / 60}-${downtimeMinutes[1] / 60} hours`,
          via: via === null ? [] : [`${via}.0`],
        })),
      },
      ...assessment,
    },
    {
      id: 'compatibility',
      kind: 'assess.compatibility',
      title: 'Which components change?',
      spec: { components, configurationChanges: { breaking, deprecated, newRequired } },
      ...assessment,
    },
    {
      id: 'requirements',
      kind: 'assess.requirements',
      title: 'Is the machine large enough?',
      on: 'host',
      // What the guide asks of production is measured too, and said as a risk: this system is smaller.
      spec: {
        minimum: requirements.example,
        recommended: requirements.minimum,
        extra: {},
        tools: { node: `>=${requirements.node}` },
      },
      ...assessment,
    },
    { id: 'database', kind: 'assess.database', title: 'How large is the database?', on: 'db', spec: {}, ...assessment },
    {
      id: 'activity',
      kind: 'assess.activity',
      title: 'Wait for jobs that are running',
      on: 'db',
      spec: {
        work: ["SELECT 'jobs' AS label, count(*) FROM jobs WHERE state = 'running'"],
        policy: 'drain',
        everyMs: 200,
      },
      ...assessment,
    },

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

    {
      id: 'schema',
      kind: 'schema.sql',
      title: 'Tables of the federation',
      spec: { up: schemaUp, down: schemaDown },
      ...onDatabase,
    },
    {
      id: 'users-columns',
      kind: 'schema.add-column',
      title: 'New columns of users',
      spec: { table: 'users', columns: columns('users'), lockMs: 50 },
      ...onDatabase,
    },
    {
      id: 'models-columns',
      kind: 'schema.add-column',
      title: 'New columns of models',
      spec: { table: 'models', columns: columns('models'), lockMs: 50 },
      ...onDatabase,
    },
    {
      id: 'mirror-users',
      kind: 'data.mirror',
      title: 'Keep both shapes of users in step',
      spec: { table: 'users', lens: consent },
      ...onDatabase,
    },
    {
      id: 'mirror-models',
      kind: 'data.mirror',
      title: 'Keep both shapes of models in step',
      spec: { table: 'models', lens: modelData },
      ...onDatabase,
    },
    {
      id: 'transform-users',
      kind: 'data.transform',
      title: 'Transform users',
      spec: { table: 'users', lens: consent, targetMs: 50 },
      ...onDatabase,
    },
    {
      id: 'transform-models',
      kind: 'data.transform',
      title: 'Transform models',
      spec: { table: 'models', lens: modelData, targetMs: 50 },
      ...onDatabase,
    },
    ...indexes.map(({ name, table, columns: on }) => ({
      id: name.replaceAll('_', '-'),
      kind: 'schema.index',
      title: `Index ${name}`,
      spec: { name, table, columns: on },
      ...onDatabase,
    })),
    {
      id: 'analyze',
      kind: 'maintain.analyze',
      title: 'Statistics for the planner',
      spec: { tables: analyzed },
      ...onDatabase,
    },
    {
      id: 'compare',
      kind: 'data.compare',
      title: 'Does every row say the same in both shapes?',
      on: { source: 'db', target: 'db' },
      spec: {
        tables: [
          { source: 'public.users', lens: consent, critical: ['consent_records'] },
          { source: 'public.models', lens: modelData, critical: ['federation_model_data'] },
        ],
        rules: [
          {
            name: 'every user who consented has a record of it',
            sql: 'SELECT id FROM users WHERE consent_given AND consent_records IS NULL',
          },
          {
            name: 'every legacy node is a node of the federation',
            sql: "SELECT id FROM legacy_nodes l WHERE NOT EXISTS (SELECT FROM federation_nodes f WHERE f.node_id = 'legacy-node-' || l.id)",
          },
        ],
      },
      ...database,
    },

    {
      id: 'config',
      kind: 'config.rewrite',
      title: 'Configuration of v4',
      on: 'config',
      spec: {
        file: 'neonhub.yml',
        to: 'neonhub.v4.yml',
        map: configKeys,
        set: configDefaults,
        environment: { files: ['.env'], names: ['NEONHUB_COORDINATOR'] },
      },
      part: 'configuration',
      stage: 'Application',
    },
    {
      id: 'start-v4',
      kind: 'service.start',
      title: 'Start v4 beside v3',
      on: 'v4',
      spec: { pollMs: 100 },
      ...application,
    },
    ...endpoints.map((path) => ({
      id: `probe${path.replaceAll('/', '-')}`,
      kind: 'gate.probe',
      title: `Does v4 answer ${path}?`,
      on: 'v4-api',
      spec: { path, count: 5, intervalMs: 20, success: { status: '2xx', maxLatencyMs: 2_000 } },
      ...application,
    })),
    {
      id: 'switch',
      kind: 'http.call',
      title: 'Send the clients to v4',
      on: 'switch',
      spec: {
        look: { path: '/_switch', expect: { status: '2xx', body: [{ at: '/to', equals: 'v4' }] } },
        do: { method: 'PUT', path: '/_switch', body: { to: 'v4' } },
        undo: { method: 'PUT', path: '/_switch', body: { to: 'v3' } },
      },
      ...application,
    },
    {
      id: 'triggers',
      kind: 'gate.probe',
      title: 'Error rate and latency: must it be turned back?',
      on: 'gateway',
      spec: {
        ...measured,
        overall: { errorRate: { max: errorRate.above }, p50Ms: { maxIncrease: latencyIncrease.above, tolerateMs: 5 } },
        baseline: 'baseline',
      },
      ...application,
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
      ...application,
    },

    {
      id: 'federation-config',
      kind: 'config.rewrite',
      title: 'Enable the federation',
      on: 'config',
      spec: { file: 'neonhub.v4.yml', set: federationConfig('${NEONHUB_COORDINATOR}') },
      part: ['federation', 'configuration'],
      stage: 'Federation',
    },
    {
      id: 'register',
      kind: 'http.call',
      title: 'Register the node',
      on: 'federation',
      spec: {
        look: { path: `/api/v1/federation/nodes/${registration.nodeId}` },
        do: { method: 'POST', path: '/api/v1/federation/nodes', body: registration },
        undo: { method: 'DELETE', path: `/api/v1/federation/nodes/${registration.nodeId}` },
      },
      part: 'federation',
      stage: 'Federation',
    },
    {
      id: 'active',
      kind: 'gate.probe',
      title: 'Is the node active?',
      on: 'federation',
      spec: {
        path: `/api/v1/federation/nodes/${registration.nodeId}`,
        count: 1,
        intervalMs: 100,
        requires: { body: [{ at: '/status', equals: 'active' }] },
        success: { status: '2xx' },
        undecidedMs: 20_000,
      },
      part: 'federation',
      stage: 'Federation',
    },

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
  ],
  risks: [...risks],
  checklist: checklist.map((item) => (ticks[item] === undefined ? { item } : { item, step: ticks[item] })),
  communication: [
    'Before: tell users and support when the upgrade begins',
    'At the switch: tell support that v4 serves',
    `After: tell users what is new; tell everybody should it be rolled back, which shall take no longer than ${rollbackMinutes} minutes`,
  ],
})
